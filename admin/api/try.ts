import { z } from 'zod'
import type { Config } from '../../registry/base/config.ts'
import { problem } from '../../registry/base/problem.ts'
import { takeTokens } from '../../registry/limits.ts'
import { gatewayUrlOf } from '../docs-document.ts'
import { type Documented, findDraft, findOffer } from '../documented.ts'
import { type Answer, type AnyRoute, type Call, route } from '../route.ts'
import { TryCall, toOutgoing } from '../try/call.ts'
import { type Received, sendToGateway } from '../try/send.ts'
import { askForToken, TokenAnswer, TokenRequest } from '../try/token.ts'

const callsPerMinute = 60

const TryAnswer = z
  .object({
    url: z.string().describe('What was called, as partners would call it.'),
    method: z.string(),
    status: z.int(),
    headers: z.array(z.object({ name: z.string(), value: z.string() })).describe('As they came.'),
    body: z.string(),
    isBase64: z.boolean().describe('Whether the body is no text, and stands here in base64.'),
    isCut: z.boolean().describe('Whether the body was longer than 1 MiB and only its beginning is here.'),
    totalMs: z.number().describe('From here to the gateway and back, body included.'),
    requestId: z.string().describe('Of the call at the gateway: find it in the requests by it.'),
  })
  .meta({ id: 'TryAnswer' })

const PortalTryCall = z
  .strictObject({ version: z.string().min(1).max(64).describe('Its id.'), ...TryCall.shape })
  .meta({ id: 'PortalTryCall' })

const refuses = ['gateway-unreachable', 'rate-limited'] as const

export const tryRoutes: AnyRoute[] = [
  route({
    id: 'tryOperation',
    method: 'post',
    path: '/api/versions/{version}/try',
    tag: 'Try',
    summary: 'Sends a call to an operation through the gateway and shows the answer.',
    permission: 'write',
    body: TryCall,
    answer: { status: 200, schema: TryAnswer },
    refuses,
    async handle(call) {
      await requireRoom(call)
      return { body: await tryCall(await findDraft(call.registry, call.params.version), call.body, call) }
    },
  }),
  route({
    id: 'tryPortalOperation',
    method: 'post',
    path: '/api/portal/{partner}/try',
    tag: 'Portal',
    summary: 'Sends a call to an operation through the gateway and shows the answer.',
    permission: 'portal:write',
    body: PortalTryCall,
    answer: { status: 200, schema: TryAnswer },
    refuses,
    async handle(call) {
      await requireRoom(call)
      const { version, ...wanted } = call.body
      return {
        body: await tryCall(await findOffer(call.registry, call.params.partner, version), wanted, call),
      }
    },
  }),
  route({
    id: 'tryToken',
    method: 'post',
    path: '/api/try/token',
    tag: 'Try',
    summary: 'Asks the gateway’s token endpoint for a token, as an OAuth client would.',
    permission: 'write',
    body: TokenRequest,
    answer: { status: 200, schema: TokenAnswer },
    refuses,
    handle: tryToken,
  }),
  route({
    id: 'tryPortalToken',
    method: 'post',
    path: '/api/portal/{partner}/try/token',
    tag: 'Portal',
    summary: 'Asks the gateway’s token endpoint for a token, as an OAuth client would.',
    permission: 'portal:write',
    body: TokenRequest,
    answer: { status: 200, schema: TokenAnswer },
    refuses,
    handle: tryToken,
  }),
]

type Asking = Pick<Call<string, unknown, unknown>, 'registry' | 'config' | 'actor' | 'from'>

async function tryToken(call: Asking & { readonly body: TokenRequest }): Promise<Answer> {
  await requireRoom(call)
  const host = new URL(gatewayUrlOf(call.config)).host
  return { body: await askForToken(reachedAt(call.config), host, call.from.address, call.body) }
}

async function tryCall({ version, operations }: Documented, call: TryCall, { config, from }: Asking) {
  const operation = operations.find(({ id }) => id === call.operation)
  if (!operation) throw problem('not-found', { detail: 'This version has no such operation.' })
  const gatewayUrl = gatewayUrlOf(config)
  const outgoing = toOutgoing(version, operation, call, gatewayUrl, from.address)
  const received = await sendToGateway(reachedAt(config), outgoing)
  const url = `${new URL(gatewayUrl).protocol}//${outgoing.host}${outgoing.path}`
  return { url, method: outgoing.method, ...shown(received) }
}

const reachedAt = (config: Config) => new URL(config.ADMIN_TRY_URL ?? gatewayUrlOf(config))

function shown({ body, ...rest }: Received) {
  const requestId = rest.headers.find(({ name }) => name === 'x-request-id')?.value ?? ''
  const text = textOf(body)
  return { ...rest, body: text ?? body.toString('base64'), isBase64: text === undefined, requestId }
}

/** @returns undefined when it is no text. What was cut may end inside of a character. */
function textOf(body: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body, { stream: true })
  } catch {
    return undefined
  }
}

/** Each call is one at the gateway too; who tries is no load test. @throws Problem rate-limited */
async function requireRoom({ registry, actor }: Asking): Promise<void> {
  const take = { owner: actor.id, rule: 'try', limit: callsPerMinute, windowMs: 60_000, cost: 1 }
  const { isAllowed, retryAfterMs } = await takeTokens(registry, take)
  if (isAllowed) return
  throw problem('rate-limited', {
    detail: `At most ${callsPerMinute} calls a minute can be tried from here.`,
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)),
  })
}
