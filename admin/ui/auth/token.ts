import { useEffect, useState } from 'react'

/**
 * What a link carries behind its `#`. It is taken out of the address once the screen stands: the history of the browser,
 * and whoever looks over a shoulder, need not keep it.
 */
export function useLinkToken(): string {
  const [token] = useState(() => location.hash.slice(1))
  useEffect(() => {
    if (location.hash) history.replaceState(history.state, '', location.pathname + location.search)
  }, [])
  return token
}
