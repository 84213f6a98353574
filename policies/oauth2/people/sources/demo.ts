import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { PasswordSource, SignInResult } from './source.ts'

/** Somebody for demos and sandboxes. */
interface DemoPerson {
  readonly userName: string
  readonly subject: string
  readonly displayName: string
  /** Salt and argon2id hash, base64url. */
  readonly password: readonly [string, string]
  /** A fixed code, for who wants to see the second factor. */
  readonly code?: string
}

/** Their passwords stand in the documentation: everybody knows them. */
const people: readonly DemoPerson[] = [
  {
    userName: 'ada',
    subject: 'demo-ada',
    displayName: 'Ada Lovelace',
    password: ['12uD8g6qXMs1ftig44kYjQ', 'Dc07TawZSuL5oWs3NAs7KUqZr8AUQRVzag287SC_UCI'],
  },
  {
    userName: 'lin',
    subject: 'demo-lin',
    displayName: '林徽因',
    password: ['uFZUYDayOBHLcurpdXpWLA', 'T4SlSih_-bpsgkYbCo8Dn8DIq5KNzKnO8xpnphhhmXE'],
    code: '424242',
  },
]

/** OWASP's least for argon2id: 19 MiB, two passes. About 50 ms, the same for people who do not exist. */
const cost = { parallelism: 1, tagLength: 32, memory: 19_456, passes: 2 }
const hashed = promisify(argon2)

const nobody = [randomBytes(16).toString('base64url'), randomBytes(32).toString('base64url')] as const

/** Built-in people, for `npm start` and sandboxes. The settings keep it out of production. */
export function createDemoSource(): PasswordSource {
  return {
    kind: 'password',
    async signIn({ userName, password, language }) {
      const person = people.find((one) => one.userName === userName.toLowerCase())
      const [salt, expected] = person?.password ?? nobody
      const nonce = Buffer.from(salt, 'base64url')
      const actual = await hashed('argon2id', { ...cost, message: password, nonce })
      if (!timingSafeEqual(actual, Buffer.from(expected, 'base64url')) || !person)
        return { outcome: 'refused' }
      if (person.code === undefined) return signedIn(person)
      const prompt =
        language === 'zh-CN' ? '演示环境的验证码始终是 424242。' : 'The code of the demo is always 424242.'
      return { outcome: 'challenge', prompt, state: person.subject }
    },
    async confirm({ code, state }) {
      const person = people.find(({ subject }) => subject === state)
      return person?.code !== undefined && person.code === code ? signedIn(person) : { outcome: 'refused' }
    },
  }
}

const signedIn = ({ subject, displayName }: DemoPerson): SignInResult => ({
  outcome: 'signed-in',
  subject,
  displayName,
})
