import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { availableParallelism, hostname } from 'node:os'
import { z } from 'zod'
import {
  type PeopleSecrets,
  peopleContradictions,
  peopleSettings,
  readPeopleSecrets,
} from './people-settings.ts'

/**
 * The only reader of process.env. Static settings only: whatever may change at run time is in a snapshot.
 * The table in the README is generated from these descriptions (`npm run docs`).
 */

const count = (min: number, max: number) => {
  const error = `give an integer from ${min} to ${max}`
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error })
}
const port = count(0, 65_535)
const list = z.string().transform((s) =>
  s
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
)

export const settings = {
  DATA_DIR: z
    .string()
    .default('.data')
    .describe('Folder for the snapshot file and, with `npm start`, Redis and the demo.'),

  REDIS_URL: z
    .string()
    .default('redis://127.0.0.1:6379')
    .describe(
      '`redis://` or `rediss://` one server; `redis+sentinel://host:port,host:port/master-name`; `redis+cluster://host:port,host:port`. User and password before `@`.',
    ),
  REDIS_PREFIX: z
    .string()
    .default('pg:')
    .describe('Stands before every key, so that several platforms can share one Redis.'),
  REDIS_TIMEOUT_MS: count(5, 60_000).default(1_000).describe('Longest wait for an answer of Redis.'),

  SECRETS_HASH_KEY: z
    .string()
    .optional()
    .describe('Base64 of 32 bytes or more: the key of all hashes of keys and tokens. Must never change.'),
  SECRETS_SEAL_KEYS: z
    .string()
    .optional()
    .describe('`id:base64` of 32 bytes each, comma-separated. The first seals, all open.'),
  SECRETS_FILE: z
    .string()
    .optional()
    .describe('JSON file `{hashKey, sealKeys: [{id, key}]}` instead of the two above.'),

  GATEWAY_HOST: z.string().default('0.0.0.0').describe('Address the gateway listens on.'),
  GATEWAY_PORT: port.default(8000).describe('Port for partners’ calls, without TLS.'),
  GATEWAY_CLEAR_TEXT: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Whether calls without TLS are taken at all: `on` behind another TLS terminator.'),
  GATEWAY_TLS_PORT: port.optional().describe('Port for partners’ calls with TLS; not set: none.'),
  GATEWAY_TLS_CERTIFICATES: list
    .default([])
    .describe(
      'Certificates with their keys (PEM), comma-separated: folders, or `certificate:key` of files. See operations.',
    ),
  GATEWAY_TLS_MIN_VERSION: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('Oldest TLS taken.'),
  GATEWAY_TLS_CIPHERS: z
    .string()
    .optional()
    .describe('OpenSSL’s list of ciphers. Default: those with forward secrecy and authenticated encryption.'),
  GATEWAY_TLS_RELOAD_SECONDS: count(1, 86_400)
    .default(10)
    .describe('How often the files of certificates are looked at; SIGHUP does it at once.'),
  GATEWAY_TLS_CLIENT_CERTIFICATE: z
    .enum(['off', 'request', 'require'])
    .default('off')
    .describe('Whether partners are asked for a certificate of their own.'),
  GATEWAY_TLS_CLIENT_CA: z
    .string()
    .optional()
    .describe(
      'PEM file of the authorities whose client certificates are believed. With `request` it may be left out: then clients of OAuth are known by certificates that they registered, and no other counts.',
    ),
  GATEWAY_MTLS_URL: z
    .url({ protocol: /^https$/ })
    .optional()
    .describe(
      'Where OAuth clients show their certificates, if that is not at `GATEWAY_PUBLIC_URL` (RFC 8705 §5): a name of gateways with `GATEWAY_TLS_CLIENT_CERTIFICATE=request`, so that browsers at the others are not asked for one.',
    ),
  GATEWAY_HTTP2: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Whether the port with TLS takes HTTP/2 beside HTTP/1.1.'),
  GATEWAY_HTTP2_MAX_STREAMS: count(1, 10_000)
    .default(100)
    .describe('Most calls at once on one connection of HTTP/2. Each may have 64 KiB of its body waiting.'),
  GATEWAY_METRICS_HOST: z.string().default('127.0.0.1').describe('Address of the private port.'),
  GATEWAY_METRICS_PORT: port.default(9100).describe('Private port: /metrics, /healthz, /readyz.'),
  GATEWAY_THREADS: count(1, 64).default(availableParallelism()).describe('Worker threads that serve calls.'),
  GATEWAY_ID: z
    .string()
    .default(`${hostname()}-${process.pid}`)
    .describe('Name of this gateway in heartbeats and metrics.'),
  GATEWAY_PUBLIC_URL: z
    .url()
    .optional()
    .describe(
      'What partners see, e.g. `https://api.bank.example`: issuer of tokens and realm of challenges. Default: by the port, on localhost.',
    ),
  GATEWAY_TRUSTED_PROXIES: list
    .default([])
    .describe('Networks (CIDR) of proxies in front whose X-Forwarded-For is believed, comma-separated.'),
  GATEWAY_DPOP_NONCE: z
    .enum(['optional', 'required'])
    .default('optional')
    .describe(
      'Whether DPoP proofs at the authorization server must hold a nonce of ours (RFC 9449 §8): one trip more for a client’s first token, and no proof made ahead is of use. Calls: see the policy `authenticate`.',
    ),
  GATEWAY_CLIENT_REGISTRATION: z
    .enum(['off', 'token'])
    .default('off')
    .describe(
      'Whether partners may register OAuth clients themselves (RFC 7591, RFC 7592): `token` for who has an initial access token, made by `gatewayctl client registration-token create`.',
    ),
  GATEWAY_OUTBOUND_NETWORKS: list
    .default([])
    .describe(
      'Networks (CIDR), comma-separated, that are no part of the Internet and where keys of clients and of issuers may be fetched from all the same, e.g. in a closed network.',
    ),
  GATEWAY_OUTBOUND_CA: z
    .string()
    .optional()
    .describe(
      'PEM file of authorities that are believed for such fetches and for the subject hook, beside the well-known ones.',
    ),
  GATEWAY_PROXIED_CLIENT_CERTIFICATE: z
    .enum(['off', 'issued', 'any'])
    .default('off')
    .describe(
      'Whether a certificate of the caller is taken from the header `Client-Cert` (RFC 9440) of `GATEWAY_TRUSTED_PROXIES` that end TLS; they must take that header off what callers send. `issued`: they let through only certificates of authorities that you believe. `any`: others, too; those prove only OAuth clients that registered them.',
    ),
  GATEWAY_MAX_CONNECTIONS: count(0, 10_000_000)
    .default(10_000)
    .describe(
      'Most connections of partners at one time, over all threads; further ones are closed at once. 0: no cap.',
    ),
  GATEWAY_MAX_CONNECTIONS_PER_ADDRESS: count(0, 10_000_000)
    .default(1_000)
    .describe(
      'The same for one address (IPv6: /64) as the gateway sees it. `GATEWAY_TRUSTED_PROXIES` are free of it; a load balancer that hides addresses and is none of these needs a higher one. 0: no cap.',
    ),
  GATEWAY_MAX_HEADER_BYTES: count(1_024, 1_048_576)
    .default(16_384)
    .describe('Most bytes of a request’s head.'),
  GATEWAY_MAX_HEADERS: count(10, 2_000).default(100).describe('Most header lines of a request.'),
  GATEWAY_MAX_URL_BYTES: count(128, 65_536).default(8_192).describe('Longest request target.'),
  GATEWAY_MAX_BODY_BYTES: count(0, Number.MAX_SAFE_INTEGER)
    .default(10_485_760)
    .describe('Most bytes of a request’s body, unless a `body-limit` policy says otherwise.'),
  GATEWAY_HEADERS_TIMEOUT_MS: count(100, 600_000)
    .default(10_000)
    .describe('Longest wait for a request’s head.'),
  GATEWAY_BODY_IDLE_TIMEOUT_MS: count(100, 3_600_000)
    .default(30_000)
    .describe('Longest silence of a partner inside a body, and of one that takes nothing of its answer.'),
  GATEWAY_LEAST_BYTES_PER_SECOND: count(0, 1_000_000_000)
    .default(200)
    .describe(
      'Least rate of a partner, on the average, at which it sends a body and takes an answer while there is something to take. Who is slower uses up the time above bit by bit, as if it were silent; then 408, or an end of the connection. 0: every byte begins it anew.',
    ),
  GATEWAY_KEEP_ALIVE_TIMEOUT_MS: count(0, 3_600_000)
    .default(65_000)
    .describe('How long an idle connection of a partner is kept. 0: as long as it likes.'),
  GATEWAY_DRAIN_DELAY_MS: count(0, 600_000)
    .default(3_000)
    .describe(
      'How long after SIGTERM new connections are still taken while `/readyz` says 503, so that load balancers come to know. After SIGINT it is 0.',
    ),
  GATEWAY_DRAIN_TIMEOUT_MS: count(0, 3_600_000)
    .default(30_000)
    .describe('How long calls in flight may take to finish once no more connections are taken.'),
  GATEWAY_IDENTITY_CACHE_SECONDS: count(0, 3_600)
    .default(30)
    .describe(
      'How long a looked-up credential is used before it is asked for again; longer where a thread knows so many that it would ask more than a hundred times a second. With 0 after not quite a second. Revocations are heard at once.',
    ),
  GATEWAY_IDENTITY_GRACE_SECONDS: count(0, 86_400)
    .default(300)
    .describe('How long known credentials stay good while Redis is away.'),
  GATEWAY_FAILED_LOOKUPS_PER_SECOND: count(1, 1_000_000)
    .default(20)
    .describe(
      'Unknown credentials of one network (IPv6: /64) for which each thread asks Redis; beyond it they are refused with 429 `lookups-limited`. Ten seconds’ worth is saved up.',
    ),
  GATEWAY_MAX_FAILED_LOOKUPS_PER_SECOND: count(1, 1_000_000)
    .default(500)
    .describe('The same for all networks together.'),
  GATEWAY_MAX_CACHED_IDENTITIES: count(100, 10_000_000)
    .default(100_000)
    .describe('Most credentials and tokens kept in memory by each thread.'),
  GATEWAY_TRACE_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Where spans are sent by OTLP over HTTP, in full, e.g. `http://collector:4318/v1/traces`. Without it nothing is recorded, and it costs nothing.',
    ),
  GATEWAY_TRACE_HEADERS_FILE: z
    .string()
    .optional()
    .describe('JSON file `{name: value}`: headers for the collector, such as its key.'),
  GATEWAY_TRACE_SAMPLE_RATIO: z.coerce
    .number({ error: 'give a number from 0 to 1' })
    .min(0, { error: 'give a number from 0 to 1' })
    .max(1, { error: 'give a number from 0 to 1' })
    .default(0.1)
    .describe('Share of calls that are recorded, among those whose caller has not decided it.'),
  GATEWAY_TRACE_TRUST_SAMPLED: z
    .enum(['nobody', 'proxies', 'everyone'])
    .default('proxies')
    .describe(
      'Whose `sampled` flag in `traceparent` decides whether a call is recorded. `proxies`: those of `GATEWAY_TRUSTED_PROXIES`.',
    ),
  GATEWAY_TRACE_SERVICE_NAME: z
    .string()
    .min(1)
    .default('payments-gateway')
    .describe('`service.name` of the spans.'),
  GATEWAY_TRACE_ATTRIBUTES: list
    .refine((pairs) => pairs.every((pair) => /^[^=\s]+=./.test(pair)), {
      error: 'give name=value, comma-separated',
    })
    .default([])
    .describe(
      'Resource attributes of the spans, `name=value`, comma-separated, e.g. `deployment.environment.name=live`.',
    ),
  GATEWAY_TRACE_MAX_QUEUED_SPANS: count(16, 1_000_000)
    .default(4_096)
    .describe(
      'Most spans that wait in each thread for the collector; what comes beyond is dropped and counted.',
    ),

  GATEWAY_REQUEST_LOG: z
    .enum(['on', 'off'])
    .default('on')
    .describe(
      'Whether calls are kept in Redis for the console, as the access log tells them: without query, headers and body. Counts of calls are kept in any case.',
    ),
  GATEWAY_REQUEST_LOG_PER_SECOND: count(1, 10_000)
    .default(100)
    .describe(
      'Most calls a second that each gateway keeps: refusals and errors first, of the others a fair choice.',
    ),
  GATEWAY_REQUEST_LOG_MAX_ENTRIES: count(1_000, 10_000_000)
    .default(200_000)
    .describe('Most calls that are kept of all gateways, about half a kilobyte each; the oldest go.'),
  GATEWAY_REQUEST_LOG_HOURS: count(1, 8_760).default(72).describe('How long a call is kept at the longest.'),

  ...peopleSettings,

  ADMIN_HOST: z.string().default('127.0.0.1').describe('Address the admin service listens on.'),
  ADMIN_PORT: port.default(8001).describe('Port of the admin API and its documents.'),
  ADMIN_GATEWAY_URL: z
    .url()
    .optional()
    .describe(
      'Where “try it” sends calls: the gateway’s address as a browser sees it. Default: localhost and the gateway’s port.',
    ),
  ADMIN_TRY_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Where the admin service itself reaches the gateway, for calls that people try in the console. Default: `ADMIN_GATEWAY_URL`.',
    ),
  ADMIN_PUBLIC_URL: z
    .url()
    .optional()
    .describe(
      'The console as a browser sees it, e.g. `https://console.bank.example`: links and cookies are made for it. Default: localhost and the admin port.',
    ),
  ADMIN_TRUSTED_PROXIES: list
    .default([])
    .describe(
      'Networks (CIDR) of proxies in front of the admin service whose X-Forwarded-For is believed, comma-separated.',
    ),
  ADMIN_SMTP_URL: z
    .url({ protocol: /^smtps?$/ })
    .optional()
    .describe('Mail server for invitations and resets. Without one their links are shown to who makes them.'),
  ADMIN_MAIL_FROM: z.string().optional().describe('Sender of those mails.'),
  ADMIN_MAX_DOCUMENT_BYTES: count(1_024, 268_435_456)
    .default(20_971_520)
    .describe('Largest OpenAPI document taken.'),
  ADMIN_IMPORT_TIMEOUT_MS: count(1_000, 600_000)
    .default(30_000)
    .describe('Longest time for reading one document.'),

  ADMIN_SIGNING_KEY_ALGORITHM: z
    .enum(['ES256', 'PS256', 'EdDSA'])
    .default('ES256')
    .describe('Algorithm of signing keys that are made from now on. See tokens.'),
  ADMIN_SIGNING_KEY_DAYS: count(0, 3_650)
    .default(90)
    .describe(
      'How long a signing key signs before the next one takes over. 0: until somebody rolls it over.',
    ),
  ADMIN_SIGNING_KEY_AHEAD_SECONDS: count(0, 2_592_000)
    .default(86_400)
    .describe('How long the next signing key is published before it signs.'),

  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least level that is logged.'),
  LOG_ACCESS: z.enum(['on', 'off']).default('on').describe('Whether each call writes a line.'),
} as const satisfies Record<string, z.ZodType>

const Config = z.object(settings)
type Settings = z.infer<typeof Config>

export interface Secrets {
  readonly hashKey: Uint8Array
  readonly sealKeys: readonly { readonly id: string; readonly key: Uint8Array }[]
}
export type Config = Settings & {
  readonly secrets: Secrets
  /** Of the file named by GATEWAY_TRACE_HEADERS_FILE. */
  readonly traceHeaders: Readonly<Record<string, string>>
  /** Of the file named by GATEWAY_OUTBOUND_CA. */
  readonly outboundCa: string | undefined
  /** Of the files that the settings of the subject source name. */
  readonly peopleSecrets: PeopleSecrets
}

const prefixes = ['GATEWAY_', 'ADMIN_', 'REDIS_', 'LOG_', 'SECRETS_']

export class ConfigError extends Error {}

/** Reads and checks all settings. @throws ConfigError naming every fault at once */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given: Record<string, string> = {}
  const faults: string[] = []
  for (const [name, value] of Object.entries(env)) {
    if (name in settings && value !== '') given[name] = value ?? ''
    else if (prefixes.some((p) => name.startsWith(p)) && !(name in settings))
      faults.push(`${name}: there is no such setting`)
  }
  const parsed = Config.safeParse(given)
  if (!parsed.success)
    for (const issue of parsed.error.issues) faults.push(`${issue.path.join('.')}: ${issue.message}`)
  else faults.push(...contradictions(parsed.data))
  let secrets: Secrets | undefined
  try {
    secrets = readSecrets(given)
  } catch (error) {
    faults.push((error as Error).message)
  }
  let traceHeaders = {}
  try {
    traceHeaders = readTraceHeaders(given.GATEWAY_TRACE_HEADERS_FILE)
  } catch (error) {
    faults.push((error as Error).message)
  }
  let outboundCa: string | undefined
  try {
    outboundCa = readAuthorities(given.GATEWAY_OUTBOUND_CA)
  } catch (error) {
    faults.push((error as Error).message)
  }
  let peopleSecrets: PeopleSecrets = { hookSecret: undefined, upstreamClientSecret: undefined }
  try {
    peopleSecrets = readPeopleSecrets(given)
  } catch (error) {
    faults.push((error as Error).message)
  }
  if (faults.length > 0 || !parsed.success || !secrets)
    throw new ConfigError(faults.map((f) => `- ${f}`).join('\n'))
  return { ...parsed.data, secrets, traceHeaders, outboundCa, peopleSecrets }
}

function* contradictions(s: Settings): Generator<string> {
  yield* peopleContradictions(s)
  if (s.ADMIN_SMTP_URL && !s.ADMIN_PUBLIC_URL) yield 'ADMIN_PUBLIC_URL: the links in mails need it'
  if (s.ADMIN_SMTP_URL && !s.ADMIN_MAIL_FROM) yield 'ADMIN_MAIL_FROM: mails need a sender'
  const hasTls = s.GATEWAY_TLS_PORT !== undefined
  if (hasTls && s.GATEWAY_TLS_CERTIFICATES.length === 0)
    yield 'GATEWAY_TLS_CERTIFICATES: a port with TLS needs a certificate'
  if (!hasTls && s.GATEWAY_CLEAR_TEXT === 'off')
    yield 'GATEWAY_TLS_PORT: without GATEWAY_CLEAR_TEXT there is no other port'
  if (s.GATEWAY_PROXIED_CLIENT_CERTIFICATE !== 'off' && s.GATEWAY_TRUSTED_PROXIES.length === 0)
    yield 'GATEWAY_PROXIED_CLIENT_CERTIFICATE: name the proxies that are believed (GATEWAY_TRUSTED_PROXIES)'
  if (s.GATEWAY_TLS_CLIENT_CERTIFICATE === 'require' && !s.GATEWAY_TLS_CLIENT_CA)
    yield 'GATEWAY_TLS_CLIENT_CA: name the authorities whose client certificates are taken'
}

/** For the head of a process: prints the faults and ends it, or returns the config. */
export function loadConfigOrExit(): Config {
  try {
    return loadConfig()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`The settings are not valid:\n${error.message}\n`)
    process.exit(1)
  }
}

const SecretsFile = z.strictObject({
  hashKey: z.string(),
  sealKeys: z
    .array(z.strictObject({ id: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/), key: z.string() }))
    .default([]),
})

function readSecrets(given: Record<string, string>): Secrets {
  const file = given.SECRETS_FILE
  const raw = file ? SecretsFile.parse(parseFile('SECRETS_FILE', file)) : secretsOfEnvironment(given)
  const hashKey = Buffer.from(raw.hashKey, 'base64')
  if (hashKey.length < 32)
    throw new Error('SECRETS_HASH_KEY: give base64 of at least 32 random bytes (openssl rand -base64 32)')
  const sealKeys = raw.sealKeys.map(({ id, key }) => ({ id, key: Buffer.from(key, 'base64') }))
  for (const { id, key } of sealKeys)
    if (key.length !== 32)
      throw new Error(`SECRETS_SEAL_KEYS: key "${id}" must be base64 of exactly 32 bytes`)
  return { hashKey, sealKeys }
}

/** What is wrong with it is said without what is in it. */
function readTraceHeaders(file: string | undefined): Record<string, string> {
  if (!file) return {}
  const name = 'GATEWAY_TRACE_HEADERS_FILE'
  const parsed = z.record(z.string(), z.string()).safeParse(parseFile(name, file))
  if (!parsed.success) throw new Error(`${name}: give an object of header names and their values`)
  return parsed.data
}

function readAuthorities(file: string | undefined): string | undefined {
  if (!file) return undefined
  try {
    const text = readFileSync(file, 'utf8')
    new X509Certificate(text)
    return text
  } catch {
    throw new Error('GATEWAY_OUTBOUND_CA: is not a readable file of certificates (PEM)')
  }
}

function parseFile(setting: string, path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Error(
      `${setting}: cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'it is not JSON'}`,
    )
  }
}

function secretsOfEnvironment(given: Record<string, string>) {
  const sealKeys = (given.SECRETS_SEAL_KEYS ?? '')
    .split(',')
    .filter(Boolean)
    .map((part) => {
      const cut = part.indexOf(':')
      if (cut < 1) throw new Error('SECRETS_SEAL_KEYS: give id:base64, comma-separated')
      return { id: part.slice(0, cut).trim(), key: part.slice(cut + 1) }
    })
  return { hashKey: given.SECRETS_HASH_KEY ?? '', sealKeys }
}
