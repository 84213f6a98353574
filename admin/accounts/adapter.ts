import { createAdapterFactory } from 'better-auth/adapters'
import {
  type AccountRecord,
  accountsBy,
  allAccounts,
  changeAccount,
  type KeptAccount,
  readAccounts,
} from '../../registry/accounts.ts'
import { hashSecret } from '../../registry/base/secrets.ts'
import type { Registry } from '../../registry/store.ts'
import { type Clause, matches, wantedBy } from './where.ts'

/**
 * better-auth on our Redis. What it looks for is found by an index, read, and compared here; what it changes is changed
 * by compare-and-set, so that a one-time value is had by one, and an e-mail address by one, however many try at once.
 */

const indexesOf: Record<string, { unique: readonly string[]; shared: readonly string[] }> = {
  user: { unique: ['email'], shared: [] },
  session: { unique: ['token'], shared: ['userId'] },
  account: { unique: [], shared: ['userId', 'accountId'] },
  verification: { unique: [], shared: ['identifier'] },
  twoFactor: { unique: ['userId'], shared: [] },
}
const none = { unique: [], shared: [] }

/** Tries when others change the same record. Each means that somebody else went on. */
const mostTries = 100

export class ValueTaken extends Error {}

export function redisAdapter(r: Registry) {
  const hashed = (token: unknown) => hashSecret(r.secrets.hashKey, `session ${String(token)}`)

  /** Session tokens are kept as keyed hashes: reading Redis makes nobody a person. */
  function sealed(model: string, where: readonly Clause[]): Clause[] {
    if (model !== 'session') return [...where]
    return where.map((clause) => {
      if (clause.field !== 'token') return clause
      const { value } = clause
      return { ...clause, value: Array.isArray(value) ? value.map(hashed) : hashed(value) } as Clause
    })
  }
  const sealedRecord = <T extends object>(model: string, data: T): T =>
    model === 'session' && 'token' in data ? { ...data, token: hashed(data.token) } : data
  /** Who asked by a token gets it back; to others it stays unknown. */
  function opened(model: string, record: AccountRecord, where: readonly Clause[]): AccountRecord {
    if (model !== 'session') return record
    const asked = where.find(({ field, operator }) => field === 'token' && operator === 'eq')
    return asked ? { ...record, token: asked.value } : record
  }

  async function find(model: string, given: readonly Clause[] = []): Promise<KeptAccount[]> {
    const where = sealed(model, given)
    const { unique, shared } = indexesOf[model] ?? none
    const wanted = wantedBy(where, ['id', ...unique, ...shared])
    const ids = !wanted
      ? await allAccounts(r, model)
      : wanted.field === 'id'
        ? wanted.values.map(String)
        : (await Promise.all(wanted.values.map((value) => accountsBy(r, model, wanted.field, value)))).flat()
    const found = await readAccounts(r, model, [...new Set(ids)])
    return found.filter(({ record }) => matches(record, where))
  }

  async function put(
    model: string,
    after: AccountRecord | undefined,
    before?: KeptAccount,
  ): Promise<boolean> {
    const verdict = await changeAccount(r, { model, indexes: indexesOf[model] ?? none, before, after })
    if (verdict === 'taken') throw new ValueTaken(`a unique value of ${model} belongs to another`)
    return verdict === 'done'
  }

  /** Changes the first that matches until the change holds. @returns the record before and after; undefined: none matches */
  async function changeFirst(
    model: string,
    where: readonly Clause[],
    change: (record: AccountRecord) => AccountRecord | undefined,
  ): Promise<{ before: AccountRecord; after: AccountRecord | undefined } | undefined> {
    for (let tries = 0; tries < mostTries; tries++) {
      const [kept] = await find(model, where)
      if (!kept) return undefined
      const after = change(kept.record)
      if (await put(model, after, kept)) return { before: kept.record, after }
    }
    throw new Error(`${model}: others changed it ${mostTries} times meanwhile`)
  }

  async function changeAll(
    model: string,
    where: readonly Clause[],
    change: (record: AccountRecord) => AccountRecord | undefined,
  ): Promise<number> {
    let changed = 0
    for (const { record } of await find(model, where)) {
      const byId: Clause = {
        field: 'id',
        operator: 'eq',
        value: record.id,
        connector: 'AND',
        mode: 'sensitive',
      }
      if (await changeFirst(model, [byId, ...where], change)) changed++
    }
    return changed
  }

  return createAdapterFactory({
    // Dates are texts in JSON; the factory turns them back.
    config: {
      adapterId: 'registry',
      supportsJSON: true,
      supportsDates: false,
      supportsBooleans: true,
      supportsArrays: true,
    },
    adapter: () => ({
      async create({ model, data }) {
        if (!(await put(model, sealedRecord(model, data) as unknown as AccountRecord)))
          throw new ValueTaken(`${model}: the id is taken`)
        return data
      },
      async findOne({ model, where }) {
        const [kept] = await find(model, where as Clause[])
        return kept ? (opened(model, kept.record, where as Clause[]) as never) : null
      },
      async findMany({ model, where, limit, sortBy, offset = 0 }) {
        const records = (await find(model, (where ?? []) as Clause[])).map(({ record }) => record)
        if (sortBy) records.sort((a, b) => compare(a[sortBy.field], b[sortBy.field], sortBy.direction))
        return records.slice(offset, offset + (limit ?? records.length)) as never
      },
      count: async ({ model, where }) => (await find(model, (where ?? []) as Clause[])).length,
      async update({ model, where, update }) {
        const asked = where as Clause[]
        const fields = sealedRecord(model, update as object)
        const changed = await changeFirst(model, asked, (record) => ({ ...record, ...fields }))
        return changed ? (opened(model, changed.after!, asked) as never) : null
      },
      updateMany: ({ model, where, update }) =>
        changeAll(model, where as Clause[], (record) => ({ ...record, ...sealedRecord(model, update) })),
      async delete({ model, where }) {
        await changeFirst(model, where as Clause[], () => undefined)
      },
      deleteMany: ({ model, where }) => changeAll(model, where as Clause[], () => undefined),
      async consumeOne({ model, where }) {
        const asked = where as Clause[]
        const changed = await changeFirst(model, asked, () => undefined)
        return changed ? (opened(model, changed.before, asked) as never) : null
      },
      async incrementOne({ model, where, increment, set }) {
        const asked = where as Clause[]
        const changed = await changeFirst(model, asked, (record) => {
          const sums = Object.entries(increment).map(([field, by]) => [
            field,
            Number(record[field] ?? 0) + by,
          ])
          return { ...record, ...Object.fromEntries(sums), ...set }
        })
        return changed ? (opened(model, changed.after!, asked) as never) : null
      },
    }),
  })
}

function compare(a: unknown, b: unknown, direction: 'asc' | 'desc'): number {
  const order = a === b ? 0 : (a as string) < (b as string) ? -1 : 1
  return direction === 'asc' ? order : -order
}
