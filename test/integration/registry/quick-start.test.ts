import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { findIdentityBySecret, listCredentials } from '../../../registry/credentials.ts'
import { createPartner, listApplications } from '../../../registry/partners.ts'
import { updatePlan } from '../../../registry/plans.ts'
import { quickStart } from '../../../registry/portal/quick-start.ts'
import { publish } from '../../../registry/snapshot.ts'
import { verifyRegistry } from '../../../registry/verify.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { actor, readyApi } from './fixtures.ts'

let r: Awaited<ReturnType<typeof testRegistry>>
let offer: { versionId: string; planId: string }
const person = { id: 'person_1' }
const newPartner = async (name: string) => (await createPartner(r, actor, { name, title: name })).value.id

async function setApproval(planId: string, approval: 'auto' | 'manual') {
  await updatePlan(r, actor, planId, { name: 'payments-gold', title: 'Gold', approval })
  await publish(r, actor, { plans: [planId] }, { checkPolicy: () => [] })
}

beforeAll(async () => {
  r = await testRegistry()
  const { api, version, plan } = await readyApi(r)
  await publish(r, actor, { apis: [api.value.id] }, { checkPolicy: () => [] })
  offer = { versionId: version.value.id, planId: plan.value.id }
  await setApproval(offer.planId, 'auto')
})
afterAll(async () => {
  await r.close()
  await stopSharedRedis()
})

describe('a quick start', () => {
  test('makes application, subscription and key as one', async () => {
    const partnerId = await newPartner('one')
    const made = await quickStart(r, person, partnerId, {
      requestId: randomUUID(),
      ...offer,
      title: 'Köhlers Kasse',
    })
    expect(made.application.value).toMatchObject({ name: 'kohlers-kasse', title: 'Köhlers Kasse', partnerId })
    expect(made.credential?.value).toMatchObject({ environment: 'sandbox', createdBy: 'person_1' })
    expect(await findIdentityBySecret(r, 'api-key', made.secret)).toMatchObject({
      applicationId: made.application.value.id,
      subscriptions: [{ versionId: offer.versionId, planId: offer.planId }],
    })
    expect(await verifyRegistry(r)).toEqual([])
  })

  test('fifty of one request make one key, and one of them is shown its secret', async () => {
    const partnerId = await newPartner('fifty')
    const input = { requestId: randomUUID(), ...offer, title: 'Web shop' }
    const made = await Promise.all(Array.from({ length: 50 }, () => quickStart(r, person, partnerId, input)))
    expect(new Set(made.map(({ credential }) => credential?.value.id)).size).toBe(1)
    expect(made.filter(({ secret }) => secret !== '')).toHaveLength(1)
    const { items } = await listApplications(r, partnerId)
    expect(items).toHaveLength(1)
    expect((await listCredentials(r, items[0]!.value.id)).items).toHaveLength(1)
    expect(await verifyRegistry(r)).toEqual([])
  })

  test('ten of different requests with one title make ten applications', async () => {
    const partnerId = await newPartner('ten')
    const made = await Promise.all(
      Array.from({ length: 10 }, () =>
        quickStart(r, person, partnerId, { requestId: randomUUID(), ...offer, title: '收银台' }),
      ),
    )
    expect(new Set(made.map(({ application }) => application.value.name)).size).toBe(10)
    expect(made.every(({ secret }) => secret.startsWith('pgk_test_'))).toBe(true)
  })

  test('a request’s id stands for one wish', async () => {
    const partnerId = await newPartner('wish')
    const requestId = randomUUID()
    await quickStart(r, person, partnerId, { requestId, ...offer, title: 'A' })
    await expect(quickStart(r, person, partnerId, { requestId, ...offer, title: 'B' })).rejects.toMatchObject(
      {
        code: 'state-conflict',
      },
    )
    const other = await newPartner('wish-other') // ids of one partner's requests say nothing to another's
    expect((await quickStart(r, person, other, { requestId, ...offer, title: 'B' })).isRepeat).toBe(false)
  })

  test('makes no key that cannot be used: it is made when the subscription was approved', async () => {
    await setApproval(offer.planId, 'manual')
    const partnerId = await newPartner('waits')
    const made = await quickStart(r, person, partnerId, { requestId: randomUUID(), ...offer, title: 'Till' })
    expect(made).toMatchObject({
      credential: undefined,
      secret: '',
      subscription: { value: { state: 'pending' } },
    })
    const again = { requestId: randomUUID(), ...offer, applicationId: made.application.value.id }
    expect((await quickStart(r, person, partnerId, again)).subscription.value.id).toBe(
      made.subscription.value.id,
    )
  })

  test('reaches no application of another partner', async () => {
    const [a, b] = [await newPartner('a'), await newPartner('b')]
    const { application } = await quickStart(r, person, a, {
      requestId: randomUUID(),
      ...offer,
      title: 'Till',
    })
    const input = { requestId: randomUUID(), ...offer, applicationId: application.value.id }
    await expect(quickStart(r, person, b, input)).rejects.toMatchObject({ code: 'not-found' })
  })
})
