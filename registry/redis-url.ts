/** Where Redis is, read from `REDIS_URL`: plain data, so that it can be tested without a server. */
export interface RedisPlace {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  readonly hosts: readonly { readonly host: string; readonly port: number }[]
  readonly isTls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
  /** Number of the database; always 0 with Cluster. */
  readonly database: number
  /** Name of the master group; only with Sentinel. */
  readonly master: string | undefined
}

const schemes = {
  redis: { kind: 'single', isTls: false },
  rediss: { kind: 'single', isTls: true },
  'redis+sentinel': { kind: 'sentinel', isTls: false },
  'rediss+sentinel': { kind: 'sentinel', isTls: true },
  'redis+cluster': { kind: 'cluster', isTls: false },
  'rediss+cluster': { kind: 'cluster', isTls: true },
} as const

/**
 * Reads `redis[s]://[user:password@]host[:port][/database]`, `redis[s]+sentinel://…@host:port,host:port/master[/database]`
 * or `redis[s]+cluster://…@host:port,host:port`. Ports default to 6379, of Sentinel to 26379.
 *
 * @throws Error that names the fault and never the password
 */
export function readRedisUrl(url: string): RedisPlace {
  const [, scheme = '', credentials, hostList = '', path = ''] =
    /^([a-z+]+):\/\/(?:(.*)@)?([^/@]*)(?:\/(.*))?$/.exec(url) ?? []
  if (!Object.hasOwn(schemes, scheme))
    throw new Error(`REDIS_URL must begin with one of ${Object.keys(schemes).join(', ')} and ://`)
  const { kind, isTls } = schemes[scheme as keyof typeof schemes]
  const hosts = hostList.split(',').map((part) => readHost(part.trim(), kind === 'sentinel' ? 26_379 : 6_379))
  if (kind === 'single' && hosts.length > 1)
    throw new Error('REDIS_URL names several hosts: use redis+cluster:// or redis+sentinel://')
  const parts = path.split('/').filter(Boolean)
  const master = kind === 'sentinel' ? parts.shift() : undefined
  if (kind === 'sentinel' && !master) throw new Error('REDIS_URL: name the master group after the last /')
  const database = Number(parts.shift() ?? 0)
  if (!Number.isInteger(database) || database < 0 || parts.length > 0)
    throw new Error('REDIS_URL: what follows the hosts cannot be read')
  if (kind === 'cluster' && database !== 0) throw new Error('REDIS_URL: Redis Cluster has only database 0')
  return { kind, hosts, isTls, ...readCredentials(credentials), database, master }
}

function readHost(text: string, defaultPort: number): { host: string; port: number } {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text)
  const port = Number(match?.[2] ?? defaultPort)
  if (!match?.[1] || port < 1 || port > 65_535)
    throw new Error('REDIS_URL: give each host as host or host:port')
  return { host: match[1].replace(/^\[|\]$/g, ''), port }
}

function readCredentials(text = ''): Pick<RedisPlace, 'username' | 'password'> {
  const cut = text.indexOf(':')
  const decoded = (part: string) => {
    try {
      return decodeURIComponent(part) || undefined
    } catch {
      throw new Error('REDIS_URL: user or password is not valid percent-encoding')
    }
  }
  // A lone word before `@` is a user's name, as in any URL.
  if (cut < 0) return { username: decoded(text), password: undefined }
  return { username: decoded(text.slice(0, cut)), password: decoded(text.slice(cut + 1)) }
}
