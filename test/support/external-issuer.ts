import { randomUUID } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { createAuthority } from './certificates.ts'
import { listen, shut } from './seen.ts'

/** An issuer that is none of ours: keys and introspection over https, tokens of every kind, good and bad. */
export interface ExternalIssuer {
  /** As in `iss`. */
  readonly url: string
  /** Settings of a gateway that may reach it. */
  readonly env: Readonly<Record<string, string>>
  /** How often its keys were fetched. */
  keysAsked(): number
  /** Tokens that it was asked about, with the Authorization of who asked. */
  readonly introspected: { readonly token: string; readonly authorization: string }[]
  /** What it says of opaque tokens. */
  readonly answers: Map<string, Record<string, unknown>>
  /** Status of all its answers; 200. */
  status: number
  sign(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
  /** Signs with a new key from now on; the old one is published still. @returns its kid */
  rotate(): Promise<string>
  readonly publicJwk: JWK
  close(): Promise<void>
}

export async function startExternalIssuer(algorithm = 'ES256'): Promise<ExternalIssuer> {
  const authority = createAuthority('Authority of the issuer')
  const published: JWK[] = []
  const introspected: ExternalIssuer['introspected'] = []
  const answers: ExternalIssuer['answers'] = new Map()
  let asked = 0
  let current: { privateKey: CryptoKey; jwk: JWK }
  const server = createServer(authority.server(['127.0.0.1', 'localhost']), (req, res) => {
    let body = ''
    req.setEncoding('utf8')
    req.on('data', (chunk) => (body += chunk))
    req.on('end', () => {
      res.writeHead(issuer.status, { 'content-type': 'application/json' })
      if (req.url === '/jwks') {
        asked++
        return res.end(JSON.stringify({ keys: published }))
      }
      const token = new URLSearchParams(body).get('token') ?? ''
      introspected.push({ token, authorization: req.headers.authorization ?? '' })
      return res.end(JSON.stringify(answers.get(token) ?? { active: false }))
    })
  })
  const url = (await listen(server)).replace('http:', 'https:')
  const file = join(mkdtempSync(join(tmpdir(), 'issuer-')), 'ca.pem')
  writeFileSync(file, authority.cert)

  async function rotate(): Promise<string> {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: randomUUID(), alg: algorithm, use: 'sig' }
    published.push(jwk)
    current = { privateKey, jwk }
    return jwk.kid
  }
  await rotate()

  const issuer: ExternalIssuer = {
    url,
    env: { GATEWAY_OUTBOUND_NETWORKS: '127.0.0.1/32', GATEWAY_OUTBOUND_CA: file },
    keysAsked: () => asked,
    introspected,
    answers,
    status: 200,
    async sign(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000)
      const all = {
        iss: url,
        aud: 'https://api.bank.example',
        client_id: 'their-client',
        sub: 'ada',
        scope: 'payments:write accounts:read',
        iat: now,
        exp: now + 300,
        jti: randomUUID(),
        ...claims,
      }
      return new SignJWT(all)
        .setProtectedHeader({ alg: algorithm, kid: current.jwk.kid!, typ: 'at+jwt', ...header })
        .sign(current.privateKey)
    },
    rotate,
    get publicJwk() {
      return current.jwk
    },
    close: () => shut(server as never),
  }
  return issuer
}
