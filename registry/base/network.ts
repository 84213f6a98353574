import ipaddr from 'ipaddr.js'

/** What calls from an address are counted by. An IPv6 caller owns a whole /64: single addresses would give 2^64 fresh starts. */
export function networkOf(address: string): string {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return address
  if (!ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return `${ipaddr.fromByteArray([...parsed.toByteArray().slice(0, 8), ...new Array(8).fill(0)])}/64`
}
