import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createProgram } from '../../../admin/cli/run.ts'
import { type AdminService, paymentsYaml, startAdmin } from './support.ts'

let admin: AdminService
beforeAll(async () => {
  admin = await startAdmin()
})
afterAll(() => admin.close())

/** Each command is a process; on a busy machine a dozen of them take their time. */
const manyProcessesMs = 120_000

/** gatewayctl as a process of its own. */
async function cli(
  args: string[],
  { stdin = '', env = {} }: { stdin?: string; env?: Record<string, string> } = {},
) {
  const child = spawn(process.execPath, ['admin/cli/main.ts', ...args], {
    env: {
      PATH: process.env.PATH,
      ...admin.env,
      GATEWAYCTL_URL: admin.url,
      GATEWAYCTL_TOKEN: admin.adminToken,
      ...env,
    },
  })
  child.stdin.end(stdin)
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: code as number, out, err, json: () => JSON.parse(out) }
}

describe('gatewayctl', () => {
  test(
    'says whether the audit is whole, and ends with 1 where it is not',
    async () => {
      const { registry } = admin
      const [whole, noted] = [await cli(['audit', 'verify']), await cli(['audit', 'verify', '--json'])]
      expect([whole.code, whole.out]).toEqual([0, expect.stringMatching(/audit +whole/)])
      const { link } = noted.json().head
      expect((await cli(['audit', 'verify', '--seen', link])).code).toBe(0)
      expect((await cli(['audit', 'verify', '--seen', `1.${link}`])).code).toBe(1)
      const [[id] = ['']] = await registry.redis.xrange(registry.keys.audit(), '-', '+', 'COUNT', 1)
      const right = (await registry.redis.hget(registry.keys.auditLinks(), id))!
      await registry.redis.hset(registry.keys.auditLinks(), id, `1.${'A'.repeat(43)}`)
      const broken = await cli(['audit', 'verify'])
      await registry.redis.hset(registry.keys.auditLinks(), id, right)
      expect([broken.code, broken.out]).toEqual([1, expect.stringContaining(`broken at ${id}: changed`)])
    },
    manyProcessesMs,
  )

  test(
    'takes an API from its document to the gateways, and back',
    async () => {
      const upstream = await cli([
        'upstream',
        'create',
        'pay',
        '--target',
        'a=http://127.0.0.1:9,weight=5',
        ...['--strategy', 'hash', '--hash-on', 'header:X-Account'],
        ...['--max-connections', '50', '--max-waiting', '20', '--json'],
      ])
      expect([upstream.code, upstream.err]).toEqual([0, ''])
      expect(upstream.json()).toMatchObject({
        targets: [{ id: 'a', weight: 5 }],
        hashOn: { by: 'header', header: 'x-account' },
        maxConnections: 50,
        queue: { maxWaiting: 20, maxWaitMs: 1_000 },
      })
      const changed = await cli('upstream set pay --max-wait-ms 500 --max-connections none --json'.split(' '))
      expect(changed.json().queue).toEqual({ maxWaiting: 20, maxWaitMs: 500 })
      expect(changed.json().maxConnections).toBeUndefined()
      expect((await cli(['upstream', 'show', 'pay'])).out).toMatch(/header x-account/)

      const plan = await cli(['plan', 'create', 'gold', '--limit', '600', '--json'])
      expect(plan.json().policies).toEqual({ 'rate-limit': { limit: 600, windowSeconds: 60 } })

      const into = ['--api', 'payments', '--version', 'v1', '--upstream', 'pay', '--plan', 'gold']
      const broken = await cli(['import', '-', ...into], {
        stdin: 'openapi: 3.0.0\ninfo: {title: x}\npaths: 7\n',
      })
      expect(broken.code).toBe(1)
      expect(broken.err).toMatch(/line \d/)
      expect((await admin.ask('GET', '/api/apis')).body.items).toEqual([])

      const preview = await cli(['import', '-', ...into, '--dry-run'], { stdin: paymentsYaml })
      expect(preview.out).toContain('2 operations')
      const imported = await cli(['import', '-', ...into, '--access-tokens', 'jwt', '--json'], {
        stdin: paymentsYaml,
      })
      expect(imported.json().api.accessTokens).toBe('jwt')
      expect(imported.json().version).toMatchObject({
        revision: 1,
        routing: { by: 'path', basePath: '/payments/v1' },
      })
      const again = await cli(['import', '-', '--api', 'payments', '--version', 'v1', '--json'], {
        stdin: paymentsYaml,
      })
      expect(again.json().version).toMatchObject({ revision: 2, plans: [plan.json().id] })

      const dry = await cli(['publish', 'payments', '--dry-run'])
      expect(dry.out).toContain('+ operation payments v1 createPayment')
      expect(dry.out).toContain('Nothing was published.')
      expect((await cli(['publish', 'payments', '--json'])).json().number).toBe(1)
      const drained = await cli(['upstream', 'drain', 'pay', 'a', '--json'])
      expect(drained.json().targets[0].isDraining).toBe(true)
      expect((await cli(['diff', '2'])).out).toContain('/targets/0/isDraining: false -> true')
      expect((await cli(['rollback', '1'])).out).toContain('Snapshot 1 is current.')
      expect((await cli(['status', '--json'])).json()).toMatchObject({ snapshot: 1, gateways: { alive: 0 } })
      expect((await cli(['verify'])).out).toContain('The registry is whole.')
    },
    manyProcessesMs,
  )

  test(
    'hands out keys, each shown once',
    async () => {
      await cli(['partner', 'create', 'acme'])
      await cli(['application', 'create', 'acme', 'shop'])
      const subscribed = await cli(['subscribe', 'acme/shop', 'payments/v1', '--plan', 'gold', '--json'])
      expect(subscribed.code).toBe(0)
      const created = await cli(['key', 'create', 'acme/shop', '--environment', 'live', '--json'])
      expect(created.json().secret).toMatch(/^pgk_live_/)
      const { id } = created.json().credential
      const rotated = await cli(['key', 'rotate', id, '--overlap', '60'])
      expect(rotated.out).toContain('This is shown once.')
      const listed = await cli(['key', 'list', 'acme/shop', '--json'])
      expect(listed.json()).toMatchObject([{ id, revokedAt: null }])
      expect(listed.out).not.toContain(created.json().secret)
      expect((await cli(['key', 'revoke', id, '--json'])).json().revokedAt).toEqual(expect.any(Number))
      expect((await cli(['partner', 'suspend', 'acme', '--json'])).json().isSuspended).toBe(true)
      expect((await cli(['audit', '--noun', 'credential', '--json'])).json()).toHaveLength(3)
    },
    manyProcessesMs,
  )

  test(
    'says what is wrong, with exit code 1 for a refusal and 2 for wrong usage',
    async () => {
      const refused = await cli(['rollback', '99'])
      expect([refused.code, refused.out]).toEqual([1, ''])
      expect(refused.err).toContain('(not-found, urn:request:')
      const asJson = await cli(['rollback', '99', '--json'])
      expect(JSON.parse(asJson.err)).toMatchObject({ code: 'not-found', status: 404 })
      expect((await cli(['import', 'x'])).code).toBe(2)
      expect((await cli(['publish'])).code).toBe(2)
      const noToken = await cli(['status'], { env: { GATEWAYCTL_TOKEN: '' } })
      expect([noToken.code, noToken.err]).toEqual([2, expect.stringContaining('GATEWAYCTL_TOKEN')])
      const away = await cli(['status', '--url', 'http://127.0.0.1:9'])
      expect([away.code, away.err]).toEqual([1, expect.stringContaining('cannot be reached')])
      const nowhere = await cli(['status', '--url', 'nonsense'])
      expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('nonsense is not an address')])
      for (const wrong of [
        ['rollback', 'latest'],
        ['key', 'rotate', 'cred_1', '--overlap', 'an hour'],
        ['key', 'create', 'acme/shop', '--expires', 'soon'],
      ]) {
        const { code, err } = await cli(wrong)
        expect([code, err]).toEqual([2, expect.stringMatching(/It is not a (whole number|date)/)])
      }
      const fromStdin = await cli(['status', '--token-file', '-'], {
        stdin: `${admin.adminToken}\n`,
        env: { GATEWAYCTL_TOKEN: '' },
      })
      expect(fromStdin.code).toBe(0)
    },
    manyProcessesMs,
  )

  test(
    'makes the first token on the machine itself, and no second one by accident',
    async () => {
      const second = await cli(['bootstrap'])
      expect([second.code, second.err]).toEqual([1, expect.stringContaining('--force')])
      const fresh = { REDIS_PREFIX: 'fresh:' }
      const first = await cli(['bootstrap', '--json'], { env: fresh })
      expect(first.json().secret).toMatch(/^pga_/)
      expect((await cli(['bootstrap'], { env: fresh })).code).toBe(1)
      expect((await cli(['bootstrap', '--force'], { env: fresh })).code).toBe(0)
      const unset = await cli(['bootstrap'], { env: { SECRETS_HASH_KEY: '' } })
      expect([unset.code, unset.err]).toEqual([1, expect.stringContaining('SECRETS_HASH_KEY')])
      expect((await cli(['rewrap', '--json'])).json()).toEqual({ examined: 0, rewrapped: 0 })
    },
    manyProcessesMs,
  )
})

test('every command has help with an example', () => {
  const io = { env: {}, out: () => {}, err: () => {}, stdin: (async function* () {})() }
  const program = createProgram(io)
  const leaves = program.commands.flatMap((c) => (c.commands.length > 0 ? c.commands : [c]))
  expect(leaves.length).toBeGreaterThan(30)
  for (const command of leaves) {
    let shown = ''
    command.configureOutput({ writeOut: (part) => (shown += part) }).outputHelp()
    expect([command.name(), shown]).toEqual([
      command.name(),
      expect.stringMatching(/Examples:\n {2}\S*.*gatewayctl/),
    ])
  }
})

test(
  'lists, rolls over and retires signing keys',
  async () => {
    const first = await cli(['signing-key', 'roll-over', '--json'])
    expect([first.err, first.json().state]).toEqual(['', 'signing'])
    const next = await cli(['signing-key', 'roll-over', '--json'])
    expect(next.json().state).toBe('next')
    expect((await cli(['signing-key', 'list'])).out).toMatch(/signing .*\n.*next/)
    expect((await cli(['signing-key', 'retire', first.json().id])).err).toContain('state-conflict')
    const urgent = await cli(['signing-key', 'roll-over', '--now', '--json'])
    expect(urgent.json()).toMatchObject({ id: next.json().id, state: 'signing' })
    expect((await cli(['signing-key', 'retire', first.json().id])).out).toContain('is retired')
    const left = await cli(['signing-key', 'list', '--json'])
    expect(left.json()).toHaveLength(1)
    expect(left.out).not.toMatch(/sealed|"d"/)
  },
  manyProcessesMs,
)

test(
  'puts, lists, shows and forgets issuers outside',
  async () => {
    const partner = await admin.ask('POST', '/api/partners', { body: { name: 'idp-shop', title: 'Shop' } })
    const path = `/api/partners/${partner.body.id}/applications`
    const application = await admin.ask('POST', path, { body: { name: 'till', title: 'Till' } })
    const input = {
      name: 'bank-idp',
      issuer: 'https://idp.example',
      environment: 'live',
      applications: { client: application.body.id },
      verification: {
        by: 'introspection',
        endpoint: 'https://idp.example/introspect',
        clientId: 'gateway',
        clientSecret: 'never-shown-again',
      },
    }
    const put = (value: object) => cli(['issuer', 'put', '-', '--json'], { stdin: JSON.stringify(value) })
    const made = await put(input)
    expect([made.code, made.err]).toEqual([0, ''])
    const shown = await cli(['issuer', 'show', 'bank-idp'])
    expect(shown.out).not.toContain('never-shown-again')
    const again = await put({ ...JSON.parse(shown.out), title: 'Bank' })
    expect(again.json()).toMatchObject({ id: made.json().id, title: 'Bank' })
    expect((await cli(['issuer', 'list'])).out).toMatch(/bank-idp .*introspection/)
    expect((await cli(['issuer', 'put', '-'], { stdin: '{"a":1}' })).err).toContain('needs at least a name')
    expect((await cli(['issuer', 'delete', 'bank-idp'])).out).toContain('is forgotten')
    expect((await cli(['issuer', 'show', 'bank-idp'])).err).toContain('not-found')
    expect(admin.lines.join('')).not.toContain('never-shown-again')
  },
  manyProcessesMs,
)
