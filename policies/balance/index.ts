import { z } from 'zod'
import { problem } from '../../registry/base/problem.ts'
import type { Exchange, Policy, Taken } from '../policy.ts'

export { type BalanceSettings, createChooser } from './chooser.ts'

const schema = z.strictObject({})

export const balance: Policy<z.infer<typeof schema>> = {
  name: 'balance',
  summary:
    'Chooses the target of each attempt, by the strategy of the upstream, among those with room, or waits for room.',
  schema,
  byDefault: {},
  compile() {
    return {
      onUpstream(x) {
        const taken = x.upstream?.take(x) ?? 'none'
        return taken instanceof Promise ? taken.then((later) => settle(x, later)) : settle(x, taken)
      },
    }
  },
}

function settle(x: Exchange, taken: Taken) {
  const note = `upstream ${x.upstream?.name ?? 'unknown'}`
  if (taken === 'none') throw problem('upstream-unavailable', { note: `${note}: no target` })
  if ('retryAfterSeconds' in taken) throw problem('upstream-busy', { ...taken, note })
  x.target = taken
}
