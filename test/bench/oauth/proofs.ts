import { createPrivateKey, randomUUID, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { JWK } from 'jose'

/**
 * Makes proofs ahead (RFC 9449 §4.2), each for one call, and writes them as wrk takes them in turn.
 *
 *   node test/bench/oauth/proofs.ts <order file>
 */
export interface Order {
  readonly privateJwk: JWK
  readonly htm: string
  readonly htu: string
  /** base64url of SHA-256 of the token */
  readonly ath: string
  readonly nonce?: string
  readonly count: number
  readonly file: string
}

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

function make({ privateJwk, htm, htu, ath, nonce, count, file }: Order): void {
  const { d: _, ...jwk } = privateJwk
  const key = createPrivateKey({ key: privateJwk as Record<string, string>, format: 'jwk' })
  const head = encoded({ typ: 'dpop+jwt', alg: 'ES256', jwk })
  const path = new URL(htu).pathname
  const lines: string[] = []
  for (let i = 0; i < count; i++) {
    const iat = Math.floor(Date.now() / 1000)
    const text = `${head}.${encoded({ jti: randomUUID(), htm, htu, iat, ath, ...(nonce && { nonce }) })}`
    const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
    lines.push(`${path}\t${text}.${signature.toString('base64url')}`)
  }
  writeFileSync(file, `${lines.join('\n')}\n`)
}

make(JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Order)
