import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { common } from './common-passwords.ts'

const derive = promisify(argon2)

/** OWASP's first choice for Argon2id: 19 MiB, two passes, one lane. */
const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 }

export const shortestPassword = 12
export const longestPassword = 256

/** As `$argon2id$v=19$m=…,t=…,p=…$salt$hash` (PHC string format). */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16)
  const tag = await derive('argon2id', { ...cost, message: password.normalize('NFKC'), nonce })
  const { memory, passes, parallelism } = cost
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${text(nonce)}$${text(tag)}`
}

export async function verifyPassword({
  hash,
  password,
}: {
  hash: string
  password: string
}): Promise<boolean> {
  const form = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(hash)
  if (!form) return false
  const [, memory, passes, parallelism, salt = '', kept = ''] = form
  const expected = Buffer.from(kept, 'base64')
  const tag = await derive('argon2id', {
    message: password.normalize('NFKC'),
    nonce: Buffer.from(salt, 'base64'),
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    tagLength: expected.length,
  })
  return timingSafeEqual(tag, expected)
}

/** Why a password is not taken; undefined when it is. */
export function weaknessOf(
  password: string,
  about: readonly string[] = [],
): 'too-short' | 'too-long' | 'common' | undefined {
  if ([...password].length < shortestPassword) return 'too-short'
  if (password.length > longestPassword) return 'too-long'
  const plain = password.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
  // Letters of their own that are few, or their name and address: the first that is tried.
  if (new Set(plain).size < 5) return 'common'
  if (about.some((part) => part.length > 3 && plain.replace(part.toLowerCase(), '').length < 6))
    return 'common'
  return common.some((word) => plain.replaceAll(word, '').replace(/\d/g, '').length < 4)
    ? 'common'
    : undefined
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replace(/=+$/, '')
