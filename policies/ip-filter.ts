import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { problem } from '../registry/base/problem.ts'
import type { Policy } from './policy.ts'

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Network = readonly [Address, number]

const Networks = z
  .array(
    z
      .string()
      .refine(
        (text) => networkOf(text) !== undefined,
        'an address such as 192.0.2.7 or 2001:db8::1, or a network such as 10.0.0.0/8',
      ),
  )
  .max(10_000)
  .default([])

const schema = z
  .strictObject({
    allow: Networks.describe('Networks (CIDR) or addresses that may call. Empty: all that are not denied.'),
    deny: Networks.describe('Networks (CIDR) or addresses that may not call, even if `allow` names them.'),
  })
  .refine(
    ({ allow, deny }) => allow.length + deny.length > 0,
    'name at least one network to allow or to deny',
  )

export const ipFilter: Policy<z.infer<typeof schema>> = {
  name: 'ip-filter',
  summary: 'Lets calls through by the network they come from.',
  schema,
  compile({ allow, deny }) {
    const allowed = allow.map((text) => networkOf(text)!)
    const denied = deny.map((text) => networkOf(text)!)
    return {
      onRequest(x) {
        const address = addressOf(x.request.ip)
        const passes =
          address !== undefined &&
          !isInside(address, denied) &&
          (allowed.length === 0 || isInside(address, allowed))
        if (!passes) throw problem('address-refused', { note: `address ${x.request.ip}` })
      },
    }
  },
}

/** An IPv4 address that came mapped into IPv6 (`::ffff:10.0.0.1`) is the IPv4 address: no way around a rule. */
function addressOf(text: string): Address | undefined {
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined
}

function networkOf(text: string): Network | undefined {
  const cut = text.indexOf('/')
  const host = cut < 0 ? text : text.slice(0, cut)
  // Short and octal forms (10.1, 010.0.0.1) mean different things to different readers: only four decimal parts.
  if (!ipaddr.IPv4.isValidFourPartDecimal(host) && !ipaddr.IPv6.isValid(host)) return undefined
  const address = ipaddr.parse(host)
  const width = address.kind() === 'ipv4' ? 32 : 128
  const bits = cut < 0 ? width : Number(/^\d{1,3}$/.exec(text.slice(cut + 1))?.[0])
  if (!(bits <= width)) return undefined
  if (address.kind() === 'ipv4') return [address, bits]
  const v6 = address as ipaddr.IPv6
  return v6.isIPv4MappedAddress() && bits >= 96 ? [v6.toIPv4Address(), bits - 96] : [v6, bits]
}

function isInside(address: Address, networks: readonly Network[]): boolean {
  for (const [network, bits] of networks) {
    if (network.kind() === address.kind() && address.match(network as ipaddr.IPv4 & ipaddr.IPv6, bits))
      return true
  }
  return false
}
