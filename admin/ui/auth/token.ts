import { useState } from 'react'

/**
 * What a link carries behind its `#`. It is taken out of the address at once: the history of the browser, and whoever
 * looks over a shoulder, need not keep it.
 */
export function useLinkToken(): string {
  const [token] = useState(() => location.hash.slice(1))
  if (location.hash) history.replaceState(history.state, '', location.pathname + location.search)
  return token
}
