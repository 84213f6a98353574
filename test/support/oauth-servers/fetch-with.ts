import { Agent, fetch as undiciFetch } from 'undici'
import type { Issued } from '../certificates.ts'

/** A fetch that trusts one authority, shows a certificate where it is given one, and follows no redirect by itself. */
export function fetchWith(ca: string | undefined, certificate?: Issued, servername?: string): typeof fetch {
  if (ca === undefined) return (input, init) => fetch(input, { redirect: 'manual', ...init })
  const dispatcher = new Agent({
    connect: { ca, ...certificate, ...(servername !== undefined && { servername }) },
    keepAliveTimeout: 1_000,
  })
  const send = undiciFetch as unknown as (input: unknown, init: unknown) => ReturnType<typeof fetch>
  return (input, init) => send(input, { redirect: 'manual', ...init, dispatcher })
}
