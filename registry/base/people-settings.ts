import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** Settings of the pages on which people sign in and decide. Part of `config.ts`. */

const count = (min: number, max: number) => {
  const error = `give an integer from ${min} to ${max}`
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error })
}

export const peopleSettings = {
  GATEWAY_PURPOSE: z
    .enum(['production', 'sandbox'])
    .default('production')
    .describe(
      'What this platform is for. `sandbox` takes what must never be in production: the built-in people, and subject sources without TLS on a loopback address.',
    ),
  GATEWAY_SUBJECT_SOURCE: z
    .enum(['none', 'demo', 'http', 'oidc'])
    .default('none')
    .describe(
      'Who knows the people that sign in: `http` a hook of the bank, `oidc` an upstream OpenID provider, `demo` built-in people (not in production). `none`: nobody signs in, and the code grant is not available. See sign-in.',
    ),
  GATEWAY_SIGN_IN_TITLE: z
    .string()
    .max(100)
    .optional()
    .describe('Name of the bank at the head of the pages. Default: the host of the public URL.'),
  GATEWAY_SESSION_IDLE_SECONDS: count(60, 86_400)
    .default(900)
    .describe('How long a person who does nothing stays signed in.'),
  GATEWAY_SESSION_SECONDS: count(60, 604_800)
    .default(28_800)
    .describe('How long a person stays signed in at most.'),
  GATEWAY_REMEMBER_CONSENT_SECONDS: count(0, 31_536_000)
    .default(7_776_000)
    .describe(
      'How long a person is not asked again for scopes that they have allowed the same client; never for payments, nor for public clients. 0: they are asked every time.',
    ),
  GATEWAY_SUBJECT_HOOK_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('With `http`: where user name and password are sent to.'),
  GATEWAY_SUBJECT_HOOK_SECRET_FILE: z
    .string()
    .optional()
    .describe(
      'With `http`: file with base64 of 32 bytes or more (`whsec_` may stand before it); it signs what is sent.',
    ),
  GATEWAY_SUBJECT_HOOK_TIMEOUT_MS: count(100, 60_000)
    .default(5_000)
    .describe('With `http`: longest wait for the whole answer.'),
  GATEWAY_UPSTREAM_LOGIN_ISSUER: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('With `oidc`: issuer of the upstream provider.'),
  GATEWAY_UPSTREAM_LOGIN_CLIENT_ID: z
    .string()
    .optional()
    .describe(
      'With `oidc`: our client id there. Its redirect URI is the public URL and `/oauth2/upstream-login`.',
    ),
  GATEWAY_UPSTREAM_LOGIN_CLIENT_SECRET_FILE: z
    .string()
    .optional()
    .describe('With `oidc`: file with our client secret there.'),
  GATEWAY_UPSTREAM_LOGIN_SCOPE: z
    .string()
    .refine((text) => text.split(' ').includes('openid'), { error: 'name `openid` among the scopes' })
    .default('openid profile')
    .describe('With `oidc`: scopes that we ask for, separated by spaces.'),
  GATEWAY_UPSTREAM_LOGIN_ACR_VALUES: z
    .string()
    .optional()
    .describe('With `oidc`: ways of signing in that we take (`acr`), separated by spaces. Not set: any.'),
  GATEWAY_UPSTREAM_LOGIN_TIMEOUT_MS: count(100, 60_000)
    .default(5_000)
    .describe('With `oidc`: longest wait for an answer of the upstream provider.'),
} as const satisfies Record<string, z.ZodType>

const PeopleSettings = z.object(peopleSettings)
type PeopleSettings = z.infer<typeof PeopleSettings>

/** What each source needs. */
const needed = {
  none: [],
  demo: [],
  http: ['GATEWAY_SUBJECT_HOOK_URL', 'GATEWAY_SUBJECT_HOOK_SECRET_FILE'],
  oidc: [
    'GATEWAY_UPSTREAM_LOGIN_ISSUER',
    'GATEWAY_UPSTREAM_LOGIN_CLIENT_ID',
    'GATEWAY_UPSTREAM_LOGIN_CLIENT_SECRET_FILE',
  ],
} as const satisfies Record<PeopleSettings['GATEWAY_SUBJECT_SOURCE'], (keyof PeopleSettings)[]>

export function* peopleContradictions(
  s: PeopleSettings & { readonly GATEWAY_PUBLIC_URL?: string | undefined },
): Generator<string> {
  const source = s.GATEWAY_SUBJECT_SOURCE
  const isSandbox = s.GATEWAY_PURPOSE === 'sandbox'
  if (source === 'demo' && !isSandbox)
    yield 'GATEWAY_SUBJECT_SOURCE: everybody knows the passwords of `demo`; it is for GATEWAY_PURPOSE=sandbox'
  for (const name of needed[source])
    if (s[name] === undefined) yield `${name}: GATEWAY_SUBJECT_SOURCE=${source} needs it`
  for (const name of ['GATEWAY_SUBJECT_HOOK_URL', 'GATEWAY_UPSTREAM_LOGIN_ISSUER'] as const) {
    const url = s[name]
    if (url !== undefined && !isHttps(url) && !(isSandbox && isLoopback(url)))
      yield `${name}: use https (in a sandbox a loopback address may do without)`
  }
  const publicUrl = s.GATEWAY_PUBLIC_URL
  if (source !== 'none' && publicUrl !== undefined && !isHttps(publicUrl) && !isLoopback(publicUrl))
    yield 'GATEWAY_PUBLIC_URL: people sign in over https only'
}

const isHttps = (url: string) => new URL(url).protocol === 'https:'
const isLoopback = (url: string) => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname)

/** What the files hold that the settings of the chosen source name. */
export interface PeopleSecrets {
  readonly hookSecret: Uint8Array | undefined
  readonly upstreamClientSecret: string | undefined
}

/** @throws Error that says which setting is wrong, and nothing of what is in the file */
export function readPeopleSecrets(given: Readonly<Record<string, string>>): PeopleSecrets {
  const hook = textOf('GATEWAY_SUBJECT_HOOK_SECRET_FILE', given)
  const hookSecret = hook === undefined ? undefined : Buffer.from(hook.replace(/^whsec_/, ''), 'base64')
  if (hookSecret && hookSecret.length < 32)
    throw new Error('GATEWAY_SUBJECT_HOOK_SECRET_FILE: must hold base64 of at least 32 random bytes')
  const upstreamClientSecret = textOf('GATEWAY_UPSTREAM_LOGIN_CLIENT_SECRET_FILE', given)
  if (upstreamClientSecret === '')
    throw new Error('GATEWAY_UPSTREAM_LOGIN_CLIENT_SECRET_FILE: the file is empty')
  return { hookSecret, upstreamClientSecret }
}

function textOf(name: keyof PeopleSettings, given: Readonly<Record<string, string>>): string | undefined {
  const path = given[name]
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new Error(`${name}: cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}
