import type { Authority } from '../certificates.ts'
import { stopSharedRedis } from '../redis.ts'
import { startOurs } from './ours.ts'
import { startReference } from './reference.ts'
import type { TestServer } from './server.ts'

export type Capability =
  | 'authorization_code'
  | 'refresh_reuse'
  | 'fapi2'
  | 'private_key_jwt'
  | 'certificates'
  | 'pushed_requests'
  | 'signed_requests'
  | 'jarm'
  | 'authorization_details'
  | 'dpop'
  | 'dpop_tokens'
  | 'private_key_jwt_tokens'
  | 'resource_indicators'
  | 'signed_introspection'
  | 'jwt_access_tokens'
  | 'registration'
  | 'token_exchange'
  | 'resource_metadata'

type Start = (authority?: Authority) => Promise<TestServer>

const absentFromReference: readonly Capability[] = ['token_exchange', 'resource_metadata']

/** Grows as the parts of our server do. */
const doneByOurs: readonly Capability[] = [
  'authorization_code',
  'refresh_reuse',
  'fapi2',
  'private_key_jwt',
  'private_key_jwt_tokens',
  'certificates',
  'pushed_requests',
  'signed_requests',
  'jarm',
  'authorization_details',
  'dpop',
  'dpop_tokens',
  'resource_indicators',
  'signed_introspection',
  'jwt_access_tokens',
  'resource_metadata',
  'registration',
  'token_exchange',
]

const started: TestServer[] = []

/** Those that can do it, to be told by `describe.each`: name, and how one is started; `endServers` ends them. */
export function servers(capability: Capability): [name: string, start: Start][] {
  const all: [string, boolean, Start][] = [
    ['oidc-provider', !absentFromReference.includes(capability), startReference],
    ['ours', doneByOurs.includes(capability), startOurs],
  ]
  return all
    .filter(([, canDo]) => canDo)
    .map(([name, , start]) => [
      name,
      async (authority) => {
        const server = await start(authority)
        started.push(server)
        return server
      },
    ])
}

export async function endServers(): Promise<void> {
  await Promise.all(started.splice(0).map((server) => server.close()))
  await stopSharedRedis() // of one that did not come to its start
}
