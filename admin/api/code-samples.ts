import { Sample, SampleRequest, sampleOf } from '../code-samples/sample.ts'
import { type AnyRoute, route } from '../route.ts'

export const codeSampleRoutes: AnyRoute[] = [
  route({
    id: 'writeCodeSample',
    method: 'post',
    path: '/api/code-samples',
    tag: 'Try',
    summary: 'Writes a call as a program. Keeps and sends nothing.',
    permission: 'any',
    body: SampleRequest,
    answer: { status: 200, schema: Sample.meta({ id: 'CodeSample' }) },
    handle: async ({ body }) => ({ body: sampleOf(body) }),
  }),
]
