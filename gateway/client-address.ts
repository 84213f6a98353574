import ipaddr from 'ipaddr.js'
import type { CallerRequest } from './caller.ts'

/** Tells whether an address belongs to one of the listed networks (CIDR or single addresses, IPv4 or IPv6). */
export type NetworkSet = (address: string) => boolean

/** @throws Error naming the entry that is no network */
export function networkSet(networks: readonly string[]): NetworkSet {
  const ranges = networks.map((text) => {
    try {
      return text.includes('/') ? ipaddr.parseCIDR(text) : hostRange(text)
    } catch {
      throw new Error(`"${text}" is not an address or network`)
    }
  })
  if (ranges.length === 0) return () => false
  return (address) => {
    if (!ipaddr.isValid(address)) return false
    const ip = ipaddr.process(address)
    return ranges.some(([network, bits]) => network.kind() === ip.kind() && ip.match(network, bits))
  }
}

function hostRange(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  const ip = ipaddr.process(text)
  return [ip, ip.kind() === 'ipv4' ? 32 : 128]
}

/** `::ffff:10.0.0.1`, as a socket on `::` shows an IPv4 caller, becomes `10.0.0.1`. */
export function plainAddress(address: string | undefined): string {
  if (!address) return '0.0.0.0'
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/**
 * The caller's address: the peer's own, unless the peer is a trusted proxy; then the last entry of X-Forwarded-For that
 * is not itself a trusted proxy. Entries further left are whatever the caller wrote.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, isTrusted: NetworkSet): string {
  if (!forwardedFor || !isTrusted(peer)) return peer
  const hops = forwardedFor.split(',')
  let nearest = peer
  for (let i = hops.length - 1; i >= 0; i--) {
    const hop = hops[i]!.trim()
    if (!ipaddr.isValid(hop)) return nearest
    nearest = hop
    if (!isTrusted(hop)) return hop
  }
  return nearest
}

/** Who is at the other end of the connection. */
export interface Peer {
  readonly address: string
  /** A trusted proxy, whose forwarding headers are carried on. */
  readonly isTrusted: boolean
  /** Version of HTTP that it speaks, e.g. `1.1`. */
  readonly protocol: string
}

export function peerOf(req: CallerRequest, isTrustedProxy: NetworkSet): Peer {
  const address = plainAddress(req.socket.remoteAddress)
  return { address, isTrusted: isTrustedProxy(address), protocol: req.httpVersion }
}
