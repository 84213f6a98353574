import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createCredential, rotateCredential } from '../../../registry/credentials.ts'
import { findByText, findOwnByText } from '../../../registry/find.ts'
import { createApplication, createPartner } from '../../../registry/partners.ts'
import { verifyRegistry } from '../../../registry/verify.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'

const actor = { id: 'test' }
let r: Awaited<ReturnType<typeof testRegistry>>
beforeAll(async () => {
  r = await testRegistry()
})
afterAll(async () => {
  await r?.close()
  await stopSharedRedis()
})

async function shop(name: string) {
  const partner = await createPartner(r, actor, { name, title: `The ${name}` })
  const application = await createApplication(r, actor, partner.value.id, {
    name: 'till',
    title: `Till of ${name}`,
  })
  const issued = await createCredential(r, actor, application.value.id, {
    kind: 'api-key',
    environment: 'live',
  })
  return { partner: partner.value, application: application.value, ...issued }
}
const idsOf = (found: readonly { id: string }[]) => found.map(({ id }) => id).sort()

describe('finding by a text', () => {
  test('takes part of a title, the beginning of an id, and the head of a key', async () => {
    const { partner, application, credential, secret } = await shop('bakery')
    expect(idsOf(await findByText(r, 'BAKERY'))).toEqual([application.id, partner.id].sort())
    expect(await findByText(r, credential.value.id)).toEqual([
      expect.objectContaining({
        kind: 'credential',
        partnerId: partner.id,
        applicationId: application.id,
      }),
    ])
    expect(idsOf(await findByText(r, application.id.slice(0, 20)))).toEqual([application.id])
    expect(idsOf(await findByText(r, secret.slice(0, 13)))).toEqual([credential.value.id])
    expect(idsOf(await findByText(r, credential.value.secrets[0]!.hint))).toEqual([credential.value.id])
    expect(await findByText(r, 'nothing like it')).toEqual([])
  })

  test('knows an older key for as long as it is good', async () => {
    const { credential, secret } = await shop('butchery')
    const { id } = credential.value
    await rotateCredential(r, actor, id, { overlapSeconds: 60, endTokens: false })
    expect(idsOf(await findByText(r, secret.slice(0, 13)))).toEqual([id])
    const { secret: third } = await rotateCredential(r, actor, id, { overlapSeconds: 0, endTokens: false })
    expect(await findByText(r, secret.slice(0, 13))).toEqual([])
    expect(idsOf(await findByText(r, third.slice(0, 13)))).toEqual([id])
    expect(await verifyRegistry(r)).toEqual([])
  })

  test('finds for a partner nothing of another one’s', async () => {
    const mine = await shop('florist')
    const other = await shop('grocery')
    const find = (text: string) => findOwnByText(r, mine.partner.id, text)
    for (const text of [other.application.id, other.partner.id, other.credential.value.id, other.secret])
      expect(await find(text.slice(0, 31))).toEqual([])
    expect(await find('grocery')).toEqual([])
    expect(idsOf(await find(mine.secret.slice(0, 13)))).toEqual([mine.credential.value.id])
    expect(idsOf(await find('florist'))).toEqual([mine.application.id])
  })
})
