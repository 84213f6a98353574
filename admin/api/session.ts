import { z } from 'zod'
import { Permission } from '../../registry/model.ts'
import { route } from '../route.ts'

const Person = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  language: z
    .enum(['en', 'zh-CN'])
    .nullable()
    .describe('Chosen for the console; `null`: that of the browser.'),
  theme: z.enum(['auto', 'light', 'dark']).describe('Chosen for the console.'),
})

const Membership = z.object({
  id: z.string().describe('Of the partner.'),
  name: z.string(),
  title: z.string(),
  role: z.string().describe('In this partner, e.g. `partner-developer`.'),
  permissions: z.array(z.string()).describe('In this partner, e.g. `portal:write`.'),
})

export const Session = z.object({
  person: Person.nullable().describe('`null` for an admin token.'),
  roles: z.array(z.string()).describe('In the platform team.'),
  permissions: z.array(Permission).describe('In the platform.'),
  partners: z.array(Membership).describe('Of which the person is a member.'),
})

export const sessionRoutes = [
  route({
    id: 'getSession',
    method: 'get',
    path: '/api/session',
    tag: 'Accounts',
    summary: 'Who calls, and what they may do.',
    permission: 'any',
    answer: { status: 200, schema: Session },
    async handle({ token }) {
      return { body: { person: null, roles: [], permissions: token!.permissions, partners: [] } }
    },
  }),
]
