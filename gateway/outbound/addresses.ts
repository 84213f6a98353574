import ipaddr from 'ipaddr.js'
import { networkSet } from '../client-address.ts'

/** Global unicast, all that is given out of IPv6 (RFC 4291 §2.4): what lies elsewhere leads into a network of somebody's own. */
const globalUnicast = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number]

/** Whether an address is one of the Internet's: not private, loopback, link-local, shared, reserved or mapped onto such. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const ip = ipaddr.process(address)
  if (ip.range() !== 'unicast') return false
  return ip.kind() === 'ipv4' || (ip as ipaddr.IPv6).match(globalUnicast)
}

/**
 * Tells where a request that partners can cause may go: to the Internet, and into the networks that the operator names.
 *
 * @param networks CIDR or single addresses. @throws Error naming the entry that is no network
 */
export function createDestinations(networks: readonly string[]): (address: string) => boolean {
  const isNamed = networkSet(networks)
  return (address) => isPublicAddress(address) || isNamed(address)
}
