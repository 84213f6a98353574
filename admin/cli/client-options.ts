import { X509Certificate } from 'node:crypto'
import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  type CertificateName,
  ClientAuthentication,
  ClientProfile,
  type ClientSettings,
  GrantType,
  SenderConstraint,
  tokenExchange,
} from '../../registry/oauth-model.ts'
import { collect, wholeNumber } from './arguments.ts'
import { type Io, readText } from './io.ts'

/** The options of `client create` and `client update` that say what an OAuth client may do and how it proves itself. */
export interface ClientOptions {
  readonly profile?: ClientProfile
  readonly grant?: string[]
  readonly authentication?: ClientAuthentication
  readonly redirectUri?: string[]
  readonly jwks?: string
  readonly jwksUri?: string
  readonly certificate?: string[]
  readonly certificateName?: CertificateName
  readonly senderConstraint?: SenderConstraint
  readonly refreshLifetime?: number
  readonly detailsType?: string[]
  readonly resourceServer?: boolean
}

const grantNames = GrantType.options.map((grant) => (grant === tokenExchange ? 'token_exchange' : grant))

export function addClientOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--profile <name>', 'how strict the gateway is with it').choices(ClientProfile.options),
    )
    .addOption(new Option('--grant <grants...>', 'how it may get tokens').choices(grantNames))
    .addOption(
      new Option('--authentication <way>', 'how it proves itself').choices(ClientAuthentication.options),
    )
    .option('--redirect-uri <uri>', 'where people come back to, exactly; may be repeated', collect)
    .option('--jwks <file>', 'file with its public keys (JWK set), - for stdin')
    .option('--jwks-uri <url>', 'where its public keys are, instead of --jwks')
    .option(
      '--certificate <file>',
      'PEM of a certificate that it shows, for self_signed_tls_client_auth; may be repeated',
      collect,
    )
    .option(
      '--certificate-name <name>',
      'dn=…, dns=…, uri=…, ip=… or email=… in its certificate, for tls_client_auth',
      certificateName,
    )
    .addOption(
      new Option('--sender-constraint <to>', 'what its tokens are bound to').choices(
        SenderConstraint.options,
      ),
    )
    .option(
      '--refresh-lifetime <seconds>',
      'how long what a person allowed lasts, from that moment',
      wholeNumber,
    )
    .addOption(
      new Option('--details-type <types...>', 'authorization_details that it may ask for').choices([
        'payment_initiation',
      ]),
    )
    .option('--resource-server', 'it may introspect every token of its environment')
    .option('--no-resource-server', 'it may introspect its own tokens only')
}

/** What was given, as settings; undefined when nothing was. @throws Error that names the file */
export async function settingsFrom(
  io: Io,
  options: ClientOptions,
): Promise<Partial<ClientSettings> | undefined> {
  const { profile, authentication, jwksUri, senderConstraint } = options
  const given = {
    profile,
    authentication,
    senderConstraint,
    grants: options.grant?.map((name) => (name === 'token_exchange' ? tokenExchange : name)),
    redirectUris: options.redirectUri,
    jwks: options.jwks === undefined ? undefined : await jwksIn(io, options.jwks),
    jwksUri,
    certificateName: options.certificateName,
    certificateThumbprints: options.certificate && (await thumbprintsOf(io, options.certificate)),
    refreshLifetimeSeconds: options.refreshLifetime,
    authorizationDetailsTypes: options.detailsType,
    isResourceServer: options.resourceServer,
  }
  const entries = Object.entries(given).filter(([, value]) => value !== undefined)
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Partial<ClientSettings>)
}

/** Keys given one way stand in place of those given the other; a way to authenticate takes what it does not use along. */
export function merged(before: ClientSettings | null, given: Partial<ClientSettings>): object {
  const after = { ...before, ...given }
  if (given.jwks) after.jwksUri = null
  if (given.jwksUri) after.jwks = null
  const { authentication } = given
  if (authentication === undefined) return after
  if (authentication !== 'tls_client_auth' && !given.certificateName) after.certificateName = null
  if (authentication !== 'self_signed_tls_client_auth' && !given.certificateThumbprints)
    after.certificateThumbprints = []
  return after
}

async function jwksIn(io: Io, file: string): Promise<unknown> {
  const text = await readText(io, file)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(`${file}: it is not JSON`)
  }
  const isOneKey = typeof value === 'object' && value !== null && 'kty' in value
  return isOneKey ? { keys: [value] } : value
}

/** `x5t#S256` of RFC 8705: SHA-256 over the DER of each certificate in the files. */
async function thumbprintsOf(io: Io, files: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const file of files) {
    const blocks = (await readText(io, file)).match(
      /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g,
    )
    if (!blocks) throw new Error(`${file}: it holds no certificate in PEM`)
    for (const pem of blocks) found.push(thumbprint(file, pem))
  }
  return found
}

function thumbprint(file: string, pem: string): string {
  try {
    const { fingerprint256 } = new X509Certificate(pem)
    return Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
  } catch {
    throw new Error(`${file}: its certificate cannot be read`)
  }
}

const nameFields = {
  dn: 'subjectDn',
  dns: 'sanDns',
  uri: 'sanUri',
  ip: 'sanIp',
  email: 'sanEmail',
} as const

function certificateName(text: string): CertificateName {
  const cut = text.indexOf('=')
  const field = nameFields[text.slice(0, cut) as keyof typeof nameFields]
  if (field === undefined || cut === text.length - 1)
    throw new InvalidArgumentError('Write dn=…, dns=…, uri=…, ip=… or email=….')
  return { [field]: text.slice(cut + 1) }
}
