import { linkAudit } from '../registry/audit-chain.ts'
import type { Log } from '../registry/base/log.ts'
import type { Registry } from '../registry/store.ts'

const everyMs = 2_000
const toldEveryMs = 10 * 60_000

/** Links audit entries shortly after they were written. The newest link goes to the log now and then, to be kept elsewhere. */
export function keepAuditChain(registry: Registry, log: Log): { end(): void } {
  let isOver = false
  let timer: NodeJS.Timeout
  let toldAt = 0
  async function turn() {
    try {
      const head = await linkAudit(registry)
      if (head && Date.now() - toldAt > toldEveryMs) {
        toldAt = Date.now()
        log.info({ entry: head.id, link: head.link, count: head.count }, 'the audit is linked')
      }
    } catch (error) {
      log.warn({ err: error }, 'audit entries could not be linked; it is tried again')
    }
    if (!isOver) timer = setTimeout(turn, everyMs).unref()
  }
  timer = setTimeout(turn, everyMs).unref()
  return {
    end() {
      isOver = true
      clearTimeout(timer)
    },
  }
}
