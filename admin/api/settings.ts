import { z } from 'zod'
import { describePolicies } from '../../policies/index.ts'
import { SettingsInput } from '../../registry/model.ts'
import { getSettings, putSettings } from '../../registry/settings.ts'
import { record, route } from '../route.ts'
import { requireGoodPolicies } from './policy-configs.ts'
import { replacement, Settings } from './schemas.ts'

const PolicyDescription = z
  .object({
    name: z.string(),
    summary: z.string(),
    isDefault: z.boolean().describe('Whether it runs where nobody configures it.'),
    schema: z.record(z.string(), z.unknown()).describe('JSON Schema (2020-12) of its config.'),
  })
  .meta({ id: 'PolicyDescription' })

export const settingsRoutes = [
  route({
    id: 'getSettings',
    method: 'get',
    path: '/api/settings',
    tag: 'Settings',
    summary: 'Shows the defaults of the whole gateway.',
    permission: 'read',
    answer: { status: 200, schema: Settings, hasEtag: true },
    handle: async ({ registry }) => record(await getSettings(registry)),
  }),
  route({
    id: 'replaceSettings',
    method: 'put',
    path: '/api/settings',
    tag: 'Settings',
    summary: 'Replaces the defaults of the whole gateway. Gateways know them after the next publish.',
    permission: 'write',
    body: replacement(SettingsInput),
    answer: { status: 200, schema: Settings, hasEtag: true },
    async handle({ registry, actor, body, ifMatch }) {
      requireGoodPolicies(body)
      return record(await putSettings(registry, actor, body, ifMatch))
    },
  }),
  route({
    id: 'listPolicies',
    method: 'get',
    path: '/api/policies',
    tag: 'Settings',
    summary:
      'Lists the policies that can be configured, in running order, with the JSON Schemas of their configs.',
    permission: 'read',
    answer: { status: 200, schema: z.object({ items: z.array(PolicyDescription) }) },
    handle: async () => ({ body: { items: describePolicies() } }),
  }),
]
