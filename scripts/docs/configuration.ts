import { z } from 'zod'
import { settings } from '../../registry/base/config.ts'
import { code, generatedNote, table } from './markdown.ts'
import { kindOf, type Schema } from './schema.ts'

type Name = keyof typeof settings

/** What one needs on the first day; the rest is on the page of its own. */
const firstDay: readonly Name[] = [
  'DATA_DIR',
  'REDIS_URL',
  'REDIS_PREFIX',
  'SECRETS_HASH_KEY',
  'SECRETS_SEAL_KEYS',
  'SECRETS_FILE',
  'GATEWAY_PORT',
  'GATEWAY_METRICS_PORT',
  'GATEWAY_THREADS',
  'GATEWAY_PUBLIC_URL',
  'GATEWAY_TRUSTED_PROXIES',
  'ADMIN_PORT',
  'ADMIN_GATEWAY_URL',
  'LOG_LEVEL',
]

/** These defaults depend on the machine; a page must not. */
const defaultsInWords: Partial<Record<Name, string>> = {
  GATEWAY_THREADS: 'one per core',
  GATEWAY_ID: 'host name and process id',
}

const groups: readonly [title: string, prefix: string][] = [
  ['Everywhere', 'DATA_'],
  ['Redis', 'REDIS_'],
  ['Secrets', 'SECRETS_'],
  ['Gateway', 'GATEWAY_'],
  ['Admin', 'ADMIN_'],
  ['Logs', 'LOG_'],
]

const names = Object.keys(settings) as Name[]
const schemaOf = (name: Name) => z.toJSONSchema(settings[name], { unrepresentable: 'any' }) as Schema

export function configurationTable(): string {
  const rows = firstDay.map((name) => [code(name), defaultOf(name), schemaOf(name).description ?? ''])
  return table(['variable', 'default', 'meaning'], rows)
}

export function configurationPage(): string {
  const sections = groups.map(([title, prefix]) => {
    const rows = names
      .filter((name) => name.startsWith(prefix))
      .map((name) => [code(name), kindOf(schemaOf(name)), defaultOf(name), schemaOf(name).description ?? ''])
    return `## ${title}\n\n${table(['variable', 'value', 'default', 'meaning'], rows)}`
  })
  return `${[
    generatedNote('`registry/base/config.ts`'),
    '# Configuration',
    'Settings of a process, by environment variable. They are read once at the start; a fault, or an unknown variable with one of our prefixes, ends the process with a list of all faults. What may change while it runs (APIs, upstreams, policies, plans) is published as a snapshot instead and is never set here.',
    ...sections,
  ].join('\n\n')}\n`
}

function defaultOf(name: Name): string {
  const words = defaultsInWords[name]
  if (words) return words
  const { default: value } = schemaOf(name)
  return value === undefined || (Array.isArray(value) && value.length === 0) ? '–' : code(value)
}
