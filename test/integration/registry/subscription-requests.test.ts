import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createCredential, findIdentityBySecret } from '../../../registry/credentials.ts'
import type { Plan } from '../../../registry/model.ts'
import { createApplication, createPartner, deleteSubscription } from '../../../registry/partners.ts'
import { updatePlan } from '../../../registry/plans.ts'
import { publish } from '../../../registry/snapshot.ts'
import type { Stored } from '../../../registry/store.ts'
import {
  decideSubscription,
  listPending,
  requestSubscription,
} from '../../../registry/subscription-requests.ts'
import { verifyRegistry } from '../../../registry/verify.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { actor, readyApi } from './fixtures.ts'

let r: Awaited<ReturnType<typeof testRegistry>>
let version: Awaited<ReturnType<typeof readyApi>>['version']
let plan: Stored<Plan>
let applicationId: string
const person = { id: 'person_1' }

beforeAll(async () => {
  r = await testRegistry()
  const ready = await readyApi(r)
  version = ready.version
  plan = ready.plan
  await publish(r, actor, { apis: [ready.api.value.id] }, { checkPolicy: () => [] })
  const partner = await createPartner(r, actor, { name: 'shop', title: 'Shop' })
  applicationId = (await createApplication(r, actor, partner.value.id, { name: 'till', title: 'Till' })).value
    .id
})
afterAll(async () => {
  await r.close()
  await stopSharedRedis()
})

const ask = (note = '') =>
  requestSubscription(r, person, applicationId, { versionId: version.value.id, planId: plan.value.id, note })

describe('a subscription that a partner asks for', () => {
  test('gives no right while it waits, and gives it once it is approved', async () => {
    const { secret } = await createCredential(r, actor, applicationId, {
      kind: 'api-key',
      environment: 'live',
    })
    const rights = async () => (await findIdentityBySecret(r, 'api-key', secret))!.subscriptions
    const { value } = await ask('for the tills of Ulm')
    expect(value).toMatchObject({
      state: 'pending',
      request: { by: 'person_1', note: 'for the tills of Ulm' },
    })
    expect(await rights()).toEqual([])
    expect(await listPending(r)).toMatchObject({ total: 1, items: [{ value: { id: value.id } }] })

    const approved = await decideSubscription(r, actor, value.id, { isApproved: true, reason: '' })
    expect(approved.value).toMatchObject({ state: 'active', decision: { by: 'bootstrap' } })
    expect(await rights()).toEqual([{ versionId: version.value.id, planId: plan.value.id, scopes: null }])
    expect(await listPending(r)).toMatchObject({ total: 0, items: [] })
    await deleteSubscription(r, actor, value.id)
  })

  test('is decided once, and may be asked for again after it was declined', async () => {
    const { value } = await ask()
    await expect(ask()).rejects.toMatchObject({ code: 'name-taken' })
    const no = { isApproved: false, reason: 'no contract yet' }
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, () => decideSubscription(r, actor, value.id, no)),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await expect(decideSubscription(r, actor, value.id, no)).rejects.toMatchObject({ code: 'state-conflict' })
    const again = await ask()
    expect(again.value).toMatchObject({ id: value.id, state: 'pending', decision: null })
    expect(await verifyRegistry(r)).toEqual([])
    await deleteSubscription(r, actor, value.id)
    expect(await verifyRegistry(r)).toEqual([])
  })

  test('is active at once where the plan says so', async () => {
    const { createdAt, updatedAt, id, ...fields } = plan.value
    await updatePlan(r, actor, id, { ...fields, approval: 'auto' })
    expect((await ask()).value.state).toBe('pending') // partners get what is published
    await publish(r, actor, { plans: [id] }, { checkPolicy: () => [] })
    const { items } = await listPending(r)
    await deleteSubscription(r, actor, items[0]!.value.id)
    expect((await ask()).value.state).toBe('active')
  })

  test('names a plan on offer: without one the limits of the plans would not be kept', async () => {
    for (const planId of [null, 'plan_other'])
      await expect(
        requestSubscription(r, person, applicationId, { versionId: version.value.id, planId }),
      ).rejects.toMatchObject({ code: 'input-invalid', errors: [{ pointer: '/planId' }] })
    await expect(
      requestSubscription(r, person, applicationId, { versionId: 'ver_other', planId: null }),
    ).rejects.toMatchObject({ code: 'not-found' })
  })
})
