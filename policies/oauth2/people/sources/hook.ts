import { createHmac, randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { AttemptPlace, PasswordSource, SignInResult } from './source.ts'

export interface HookSettings {
  /** Shared with the hook: it proves that a request is ours. */
  readonly secret: Uint8Array
  now(): number
  send: SendToHook
}

/** Posts a body, once, following no redirect. @throws when there is no whole answer in time */
export type SendToHook = (
  body: string,
  headers: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly body: string }>

const Answer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('signed-in'),
    subject: z.string().min(1).max(255),
    displayName: z.string().max(200).default(''),
  }),
  z.object({ outcome: z.literal('refused') }),
  z.object({
    outcome: z.literal('challenge'),
    prompt: z.string().min(1).max(500),
    state: z.string().min(1).max(2_000),
  }),
])

/**
 * A bank's own service that knows its people: asked by one signed POST for each step. What is typed goes there and
 * nowhere else; what it answers is never put into an error, since it may speak of a person.
 */
export function createHookSource(settings: HookSettings): PasswordSource {
  return {
    kind: 'password',
    signIn: ({ userName, password, ...place }) =>
      ask(settings, { type: 'sign-in', username: userName, password, ...placeOf(place) }),
    confirm: ({ code, state, ...place }) => ask(settings, { type: 'code', code, state, ...placeOf(place) }),
  }
}

const placeOf = ({ clientId, application, partner, language }: AttemptPlace) => ({
  client: { id: clientId, application, partner },
  locale: language,
})

async function ask({ secret, send, now }: HookSettings, question: object): Promise<SignInResult> {
  const body = JSON.stringify(question)
  const answer = await send(body, {
    'content-type': 'application/json',
    accept: 'application/json',
    ...signatureHeaders(secret, randomUUID(), Math.floor(now() / 1000), body),
  })
  if (answer.status !== 200) throw new Error(`the subject hook answered ${answer.status}`)
  const parsed = Answer.safeParse(jsonOf(answer.body))
  if (!parsed.success) throw new Error('the subject hook answered something that is none of its answers')
  if (parsed.data.outcome !== 'signed-in') return parsed.data
  const { subject, displayName } = parsed.data
  return { outcome: 'signed-in', subject, displayName: displayName || subject }
}

/** Standard Webhooks 1.0: who knows that scheme can check our requests with a library that exists. */
export function signatureHeaders(secret: Uint8Array, id: string, timestamp: number, body: string) {
  const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature}`,
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
