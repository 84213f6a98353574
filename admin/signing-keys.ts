import type { Config } from '../registry/base/config.ts'
import type { Log } from '../registry/base/log.ts'
import { type SigningKeyLife, tendSigningKeys } from '../registry/signing-key-life.ts'
import type { Registry } from '../registry/store.ts'

const dayMs = 86_400_000

export function signingKeyLifeOf(config: Config): SigningKeyLife {
  return {
    algorithm: config.ADMIN_SIGNING_KEY_ALGORITHM,
    maxAgeMs: config.ADMIN_SIGNING_KEY_DAYS * dayMs,
    aheadMs: config.ADMIN_SIGNING_KEY_AHEAD_SECONDS * 1000,
  }
}

const tendEveryMs = 60_000
/** Until it has worked once: a platform that begins waits for its first key. */
const againMs = 2_000

/** Tends the signing keys as long as this admin service runs. Several may: see registry/signing-key-life.ts. */
export function keepSigningKeys(registry: Registry, config: Config, log: Log): { end(): void } {
  if (registry.secrets.sealKeys.length === 0) {
    log.warn('no seal key is configured (SECRETS_SEAL_KEYS): there are no signing keys, so no JWT is signed')
    return { end() {} }
  }
  const life = signingKeyLifeOf(config)
  let timer: NodeJS.Timeout | undefined
  let hasFailed = false
  let isEnded = false

  async function tend() {
    let isDone = true
    try {
      const { made, pruned } = await tendSigningKeys(registry, { id: 'system' }, life)
      if (made)
        log.info({ key: made.id, kid: made.publicJwk.kid, signsFrom: made.signsFrom }, 'signing key made')
      if (pruned.length > 0)
        log.info({ keys: pruned }, 'signing keys that nobody needs any more were deleted')
      hasFailed = false
    } catch (error) {
      isDone = false
      if (!hasFailed && !isEnded) log.warn({ err: error }, 'the signing keys could not be tended')
      hasFailed = true
    }
    if (!isEnded) timer = setTimeout(tend, isDone ? tendEveryMs : againMs).unref()
  }
  void tend()
  return {
    end() {
      isEnded = true
      clearTimeout(timer)
    },
  }
}
