import { z } from 'zod'
import { problem } from '../../registry/base/problem.ts'
import type { Policy } from '../policy.ts'

export { type BalanceSettings, createChooser } from './chooser.ts'

const schema = z.strictObject({})

export const balance: Policy<z.infer<typeof schema>> = {
  name: 'balance',
  summary: 'Chooses the target of each attempt, by the strategy of the upstream, among those with room.',
  schema,
  byDefault: {},
  compile() {
    return {
      onUpstream(x) {
        const chosen = x.upstream?.choose(x) ?? 'none'
        if (chosen === 'none')
          throw problem('upstream-unavailable', {
            note: `upstream ${x.upstream?.name ?? 'unknown'}: no target`,
          })
        if (chosen === 'busy')
          throw problem('upstream-busy', { retryAfterSeconds: 1, note: `upstream ${x.upstream!.name}` })
        x.target = chosen
      },
    }
  },
}
