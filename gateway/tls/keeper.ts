import { randomBytes } from 'node:crypto'
import type { Config } from '../../registry/base/config.ts'
import type { Log } from '../../registry/base/log.ts'
import { createContexts, type TlsConfig } from './contexts.ts'
import {
  type Certificate,
  findPairs,
  type PairOfFiles,
  readAuthorities,
  readCertificate,
  type TlsMaterial,
} from './material.ts'

/** Keeps the certificates of the process: reads them, looks for newer ones, and hands those that are sound to the threads. */
export interface TlsKeeper {
  readonly material: TlsMaterial
  /** Whether what lies on the disk is not what is in force. */
  readonly hasFault: boolean
  /** Looks at the files from time to time. @param onChange is handed what is in force from now on */
  watch(onChange: (material: TlsMaterial) => void): void
  /** Looks at the files now. Certificates whose files are gone stay, unless it is asked for. */
  reload(options?: { dropsGone: boolean }): Promise<void>
  end(): void
}

/** How long one key seals tickets: whoever comes to know it can read what was said under them. ms */
const ticketKeysMs = 3_600_000

/** @throws Error naming every certificate that cannot be used: a gateway does not start with half of what it should have */
export async function keepTls(config: TlsConfig & TlsFiles, log: Log, now: () => number): Promise<TlsKeeper> {
  const files = filesOf(config)
  let material = fresh(await readAtStart(files))
  createContexts(config, material) // what is said of ciphers is wrong here, or nowhere
  let ticketsSince = now()
  let fault = ''
  let timer: NodeJS.Timeout | undefined
  let tell: (material: TlsMaterial) => void = () => {}
  let isEnded = false
  const summary = () => material.certificates.map((certificate) => summaryOf(certificate, now()))
  log.info({ certificates: summary() }, 'certificates')

  async function look(dropsGone: boolean): Promise<void> {
    const faults: string[] = []
    const certificates = await readAnew(files.places, material.certificates, { dropsGone, now, faults })
    const clientCa = await readCa(files).catch((error: Error) => {
      faults.push(`${files.clientCa}: ${error.message}`)
      return material.clientCa
    })
    if (isEnded) return
    sayFaults(faults)
    const isSame = clientCa === material.clientCa && areSame(certificates, material.certificates)
    if (isSame && now() - ticketsSince < ticketKeysMs) return
    // A session begun under what is not in force any more is not resumed either.
    material = fresh({ certificates, clientCa })
    ticketsSince = now()
    tell(material)
    if (!isSame) log.info({ certificates: summary() }, 'certificates were read anew')
  }

  /** Once for each fault, not at each look. */
  function sayFaults(faults: string[]) {
    const text = faults.join('; ')
    if (text !== '' && text !== fault)
      log.error({ faults, inForce: summary() }, 'certificates were not taken over; those in force stay')
    fault = text
  }

  let last: Promise<void> = Promise.resolve()
  const reload = (dropsGone: boolean) => {
    last = last
      .then(() => look(dropsGone))
      .catch((error) => log.error({ err: error }, 'the certificates could not be looked at'))
    return last
  }

  return {
    get material() {
      return material
    },
    get hasFault() {
      return fault !== ''
    },
    watch(onChange) {
      tell = onChange
      timer = setInterval(() => void reload(false), config.GATEWAY_TLS_RELOAD_SECONDS * 1000)
    },
    reload: (options) => reload(options?.dropsGone ?? false),
    end() {
      isEnded = true
      clearInterval(timer)
    },
  }
}

type TlsFiles = Pick<
  Config,
  'GATEWAY_TLS_CERTIFICATES' | 'GATEWAY_TLS_CLIENT_CA' | 'GATEWAY_TLS_RELOAD_SECONDS'
>

interface Files {
  readonly places: readonly string[]
  readonly clientCa: string | undefined
}

const filesOf = (config: TlsConfig & TlsFiles): Files => ({
  places: config.GATEWAY_TLS_CERTIFICATES,
  clientCa: config.GATEWAY_TLS_CLIENT_CERTIFICATE === 'off' ? undefined : config.GATEWAY_TLS_CLIENT_CA,
})

const fresh = (read: Omit<TlsMaterial, 'ticketKeys'>): TlsMaterial => ({
  ...read,
  ticketKeys: randomBytes(48),
})

async function readAtStart(files: Files): Promise<Omit<TlsMaterial, 'ticketKeys'>> {
  const pairs = await findPairs(files.places)
  const read = await Promise.allSettled(pairs.map(readCertificate))
  const faults = read.flatMap((r, i) =>
    r.status === 'rejected' ? [`${pairs[i]!.cert}: ${(r.reason as Error).message}`] : [],
  )
  const clientCa = await readCa(files).catch((error: Error) => {
    faults.push(`${files.clientCa}: ${error.message}`)
    return undefined
  })
  if (faults.length > 0) throw new Error(faults.join('; '))
  return { certificates: read.flatMap((r) => (r.status === 'fulfilled' ? [r.value] : [])), clientCa }
}

/** What is to be in force now: what was read, or where it is unsound or gone the one in force. */
async function readAnew(
  places: readonly string[],
  inForce: readonly Certificate[],
  { dropsGone, now, faults }: { dropsGone: boolean; now: () => number; faults: string[] },
): Promise<readonly Certificate[]> {
  const before = new Map(inForce.map((certificate) => [certificate.file, certificate]))
  const after: Certificate[] = []
  let pairs: PairOfFiles[] = []
  try {
    pairs = await findPairs(places)
  } catch (error) {
    faults.push((error as Error).message)
    return inForce
  }
  for (const pair of pairs) {
    const old = before.get(pair.cert)
    before.delete(pair.cert)
    try {
      const read = await readCertificate(pair)
      const isNew = read.cert !== old?.cert
      if (isNew && read.notAfter <= now()) throw new Error('it has expired')
      if (isNew && read.notBefore > now()) throw new Error('it is not valid yet')
      after.push(read)
    } catch (error) {
      faults.push(`${pair.cert}: ${(error as Error).message}`)
      if (old) after.push(old)
    }
  }
  if (!dropsGone) after.push(...before.values())
  return after.length > 0 ? after : inForce
}

const readCa = async ({ clientCa }: Files) => (clientCa === undefined ? undefined : readAuthorities(clientCa))

const areSame = (a: readonly Certificate[], b: readonly Certificate[]) =>
  a.length === b.length &&
  a.every((c, i) => c.file === b[i]!.file && c.cert === b[i]!.cert && c.key === b[i]!.key)

const dayMs = 86_400_000

function summaryOf({ file, hosts, notAfter }: Certificate, now: number) {
  return {
    file,
    hosts,
    validUntil: new Date(notAfter).toISOString(),
    daysLeft: Math.floor((notAfter - now) / dayMs),
  }
}
