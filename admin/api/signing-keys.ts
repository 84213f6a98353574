import { z } from 'zod'
import { retireSigningKey, rollOverSigningKey } from '../../registry/signing-key-life.ts'
import { listSigningKeys, type ShownSigningKey, shownSigningKey } from '../../registry/signing-keys.ts'
import { route } from '../route.ts'
import { signingKeyLifeOf } from '../signing-keys.ts'
import { SigningKey } from './schemas.ts'

export const signingKeyRoutes = [
  route({
    id: 'listSigningKeys',
    method: 'get',
    path: '/api/signing-keys',
    tag: 'Signing keys',
    summary:
      'Lists the keys with which tokens are signed, in the order in which they sign; public parts only.',
    permission: 'read',
    answer: { status: 200, schema: z.object({ items: z.array(SigningKey) }) },
    async handle({ registry }) {
      const keys = (await listSigningKeys(registry)).map(shownSigningKey)
      return { body: { items: keys.map((key) => withState(key, keys, registry.now())) } }
    },
  }),
  route({
    id: 'rollOverSigningKey',
    method: 'post',
    path: '/api/signing-keys/roll-over',
    tag: 'Signing keys',
    summary: 'Lets the next signing key take over: after it was published for a time, or at once.',
    description:
      'Makes the next key unless there is one. At once is for a key that may be known to others: those who verify then meet a key that they have not seen, and have to ask for the keys again. Retire the old key after that.',
    permission: 'admin',
    body: z.strictObject({
      isImmediate: z.boolean().default(false).describe('Whether it signs from now on.'),
    }),
    answer: { status: 200, schema: SigningKey },
    refuses: ['state-conflict'],
    async handle({ registry, config, actor, body }) {
      const key = await rollOverSigningKey(registry, actor, signingKeyLifeOf(config), body)
      const keys = (await listSigningKeys(registry)).map(shownSigningKey)
      return { body: withState(key, keys, registry.now()) }
    },
  }),
  route({
    id: 'retireSigningKey',
    method: 'post',
    path: '/api/signing-keys/{key}/retire',
    tag: 'Signing keys',
    summary: 'Takes a signing key out at once: what was signed with it is good nowhere any more.',
    permission: 'admin',
    answer: { status: 204 },
    refuses: ['state-conflict'],
    async handle({ registry, actor, params }) {
      await retireSigningKey(registry, actor, params.key)
      return {}
    },
  }),
]

function withState(key: ShownSigningKey, all: readonly ShownSigningKey[], now: number) {
  const current = all.findLast(({ signsFrom }) => signsFrom <= now)
  if (key.signsFrom > now) return { ...key, state: 'next' }
  return { ...key, state: current === undefined || current.id === key.id ? 'signing' : 'previous' }
}
