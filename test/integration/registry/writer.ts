/** Changes a registry in every way it can, all at once and without end, until it is killed: see killed.test.ts. */
import {
  createApi,
  createVersion,
  deleteApi,
  deleteVersion,
  importDocument,
  updateApi,
} from '../../../registry/apis.ts'
import { createLog } from '../../../registry/base/log.ts'
import { createCredential, revokeCredential, rotateCredential } from '../../../registry/credentials.ts'
import { keysWith } from '../../../registry/keys.ts'
import {
  createApplication,
  createPartner,
  createSubscription,
  deleteApplication,
  deletePartner,
  deleteSubscription,
} from '../../../registry/partners.ts'
import { createPlan, deletePlan } from '../../../registry/plans.ts'
import { openRedis } from '../../../registry/redis.ts'
import { publish, rollback } from '../../../registry/snapshot.ts'
import { createUpstream, deleteUpstream, updateUpstream } from '../../../registry/upstreams.ts'
import { actor, document, limits } from './fixtures.ts'

const [url = '', prefix = '', readyApiId = '', readyVersionId = ''] = process.argv.slice(2)
const r = {
  redis: openRedis(
    { REDIS_URL: url, REDIS_PREFIX: prefix, REDIS_TIMEOUT_MS: 5_000 },
    createLog('writer', 'silent'),
  ),
  keys: keysWith(prefix),
  now: Date.now,
  secrets: { hashKey: Buffer.alloc(32, 1), sealKeys: [{ id: 'one', key: Buffer.alloc(32, 2) }] },
  traceHeaders: {},
}
const fine = { checkPolicy: () => [] }
const targets = [{ id: 'one', url: 'http://127.0.0.1:1' }]
let count = 0
const fresh = (what: string) => `${what}-${process.pid}-${count++}`

const loops = [
  async () => {
    const upstream = await createUpstream(r, actor, { name: fresh('ups'), targets })
    const plan = await createPlan(r, actor, { name: fresh('plan'), title: 'Plan' })
    const api = await createApi(r, actor, { name: fresh('api'), title: 'One' })
    const version = await createVersion(r, actor, api.value.id, {
      name: 'v1',
      routing: { by: 'path', basePath: `/${api.value.name}` },
      upstreams: { live: upstream.value.id },
      plans: [plan.value.id],
    })
    await updateApi(r, actor, api.value.id, { name: fresh('renamed'), title: 'Two' })
    const credential = { header: 'authorization', value: 'Bearer of-the-bank' }
    await updateUpstream(r, actor, upstream.value.id, { name: fresh('renamed'), targets, credential })
    await deleteVersion(r, actor, version.value.id)
    await deleteApi(r, actor, api.value.id)
    await deletePlan(r, actor, plan.value.id)
    await deleteUpstream(r, actor, upstream.value.id)
  },
  async () => {
    const partner = await createPartner(r, actor, { name: fresh('partner'), title: 'Partner' })
    const application = await createApplication(r, actor, partner.value.id, { name: 'till', title: 'Till' })
    const { id } = application.value
    const first = await createCredential(r, actor, id, { kind: 'api-key', environment: 'live' })
    const second = await createCredential(r, actor, id, { kind: 'oauth-client', environment: 'sandbox' })
    const subscription = await createSubscription(r, actor, id, { versionId: readyVersionId })
    await rotateCredential(r, actor, first.credential.value.id, { overlapSeconds: 60 })
    await revokeCredential(r, actor, second.credential.value.id)
    await deleteSubscription(r, actor, subscription.value.id)
    await createSubscription(r, actor, id, { versionId: readyVersionId })
    await deleteApplication(r, actor, id)
    await deletePartner(r, actor, partner.value.id)
  },
  async () => {
    const { snapshot } = await publish(r, actor, { apis: [readyApiId] }, fine)
    await rollback(r, actor, snapshot.number)
  },
  async () => {
    await importDocument(r, actor, readyVersionId, document(`/${fresh('path')}`), limits)
  },
]

for (const loop of loops)
  void (async () => {
    for (;;) await loop()
  })()
process.stdout.write('writing\n')
