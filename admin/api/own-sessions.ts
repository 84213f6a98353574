import { z } from 'zod'
import { endSession, endSessions, listSessions } from '../accounts/sessions.ts'
import { route } from '../route.ts'

const OwnSession = z.object({
  id: z.string(),
  createdAt: z.int().describe('When it began (ms since the epoch).'),
  address: z.string().describe('From where.'),
  browser: z.string().describe('As it calls itself (`User-Agent`).'),
  isCurrent: z.boolean().describe('Whether it is the one that asks.'),
})

/** Where one is signed in. */
export const ownSessionRoutes = [
  route({
    id: 'listOwnSessions',
    method: 'get',
    path: '/api/session/all',
    tag: 'Session',
    summary: 'Lists where one is signed in.',
    permission: 'person',
    answer: { status: 200, schema: z.object({ items: z.array(OwnSession) }) },
    async handle({ registry, caller, from }) {
      const found = await listSessions(registry, from.accounts, caller.id)
      return { body: { items: found.map((one) => ({ ...one, isCurrent: one.id === caller.session!.id })) } }
    },
  }),
  route({
    id: 'endOwnSession',
    method: 'post',
    path: '/api/session/all/{session}/end',
    tag: 'Session',
    summary: 'Ends one of one’s own sessions.',
    permission: 'person',
    answer: { status: 204 },
    async handle({ caller, from, params }) {
      await endSession(from.accounts, caller.id, params.session)
      return {}
    },
  }),
  route({
    id: 'endOtherSessions',
    method: 'post',
    path: '/api/session/end-others',
    tag: 'Session',
    summary: 'Ends all of one’s own sessions but this one.',
    permission: 'person',
    answer: { status: 204 },
    async handle({ caller, from }) {
      await endSessions(from.accounts, caller.id, caller.session!.id)
      return {}
    },
  }),
]
