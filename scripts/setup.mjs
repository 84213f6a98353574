// Plain JavaScript for Node 20: it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const oldestNode = 26

/** A fault that the person at the terminal can mend: its text says how, and no stack is shown. */
export class SetupFault extends Error {}

/** @param {string} line */
export const say = (line) => process.stdout.write(`${line}\n`)

/**
 * Why dependencies must be installed, or undefined when what lies in node_modules is what package-lock.json asks for.
 * npm writes node_modules/.package-lock.json last, so a broken-off install is noticed too.
 * @param {string} folder
 * @returns {string | undefined}
 */
export function whyInstall(folder) {
  const here = join(folder, 'node_modules', '.package-lock.json')
  if (!existsSync(here)) return 'nothing is installed yet'
  const wanted = packagesOf(join(folder, 'package-lock.json'))
  const installed = packagesOf(here)
  for (const [path, { version, optional, devOptional }] of Object.entries(wanted)) {
    if (path === '') continue
    const found = installed[path]
    // Optional packages of other platforms are rightly absent.
    if (!found && (optional || devOptional)) continue
    if (found?.version !== version) return `${path.replace(/.*node_modules\//, '')} changed`
  }
  return undefined
}

/** @param {string} file @returns {Record<string, { version?: string, optional?: boolean, devOptional?: boolean }>} */
const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages ?? {}

/** Installs the locked dependencies when they are missing or differ. @throws SetupFault */
export function ensureDependencies() {
  const why = whyInstall(root)
  if (!why) return
  say(`Installing dependencies (${why}) …`)
  const npm = process.env.npm_execpath
  // Development packages also where NODE_ENV says production. Optional ones come by themselves; asking for them by name
  // makes npm insist on those of all platforms.
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  // EBADENGINE only speaks of the host's Node; everything here runs on the Node that is about to be installed.
  const env = { ...process.env, npm_config_engine_strict: 'false' }
  const run = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: 'inherit', env })
    : spawnSync('npm', args, { cwd: root, stdio: 'inherit', env })
  if (run.status !== 0)
    throw new SetupFault('npm ci did not succeed. Is the package registry reachable? Then run this again.')
}

/** The Node that runs the platform: the one from node_modules, else this one if it is new enough. @throws SetupFault */
export function findNode() {
  const own = join(root, 'node_modules', '.bin', 'node')
  if (existsSync(own) && majorOf(own) >= oldestNode) return own
  if (Number(process.versions.node.split('.')[0]) >= oldestNode) return process.execPath
  throw new SetupFault(
    `No Node ${oldestNode} runs here: ${own} is missing or not made for ${process.platform}-${process.arch} ` +
      `(packages exist for linux-x64, linux-arm64 with glibc, and darwin-arm64; npm's omit=optional leaves them out). ` +
      `Install Node ${oldestNode} or newer yourself (https://nodejs.org) and run this again.`,
  )
}

/** @param {string} binary */
function majorOf(binary) {
  const { stdout, status } = spawnSync(binary, ['-v'], { encoding: 'utf8' })
  return status === 0 ? Number(/^v(\d+)/.exec(stdout)?.[1] ?? 0) : 0
}

const howToInstallRedis = [
  'Redis (or Valkey) 7 or newer is needed and was not found. Install one, or set REDIS_URL to one that runs:',
  '  Debian, Ubuntu   sudo apt-get install redis-server',
  '  Fedora           sudo dnf install valkey',
  '  macOS            brew install redis',
].join('\n')

/**
 * A Redis server's binary; installs one by apt-get where root or a sudo without password allows.
 * @returns {string} path of redis-server or valkey-server
 * @throws SetupFault that says what to install
 */
export function ensureRedis() {
  const found = findRedis()
  if (found) return found
  if (!installByApt('Redis', ['redis-server'])) throw new SetupFault(howToInstallRedis)
  const now = findRedis()
  if (!now) throw new SetupFault(howToInstallRedis)
  return now
}

/**
 * A browser for the tests in one, with letters for Chinese; where it is missing and may not be installed those tests are
 * skipped, and say so.
 */
export function ensureChromium() {
  const found = which('chromium') ?? which('chromium-browser') ?? which('google-chrome')
  if (!found) installByApt('Chromium', ['chromium', 'fonts-noto-cjk'])
}

/**
 * Where root or a sudo without password allows.
 * @param {string} what @param {string[]} packages @returns {boolean} whether they are there now
 */
function installByApt(what, packages) {
  const before = asRoot()
  if (!before || !which('apt-get')) return false
  say(`Installing ${what} by apt-get …`)
  const apt = (/** @type {string[]} */ ...args) => {
    const env = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-y', '-qq', ...args]
    const [command = '', ...rest] = [...before, ...env]
    return spawnSync(command, rest, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  }
  const install = () => apt('install', '--no-install-recommends', ...packages)
  // The lists of packages may be fresh enough; fetching them takes longest.
  return install() || (apt('update') && install())
}

export const findRedis = () => which('redis-server') ?? which('valkey-server')

/** What must stand before a command to run it as root; undefined when we may not. @returns {string[] | undefined} */
function asRoot() {
  if (process.getuid?.() === 0) return []
  const sudo = which('sudo')
  return sudo && spawnSync(sudo, ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? [sudo, '-n'] : undefined
}

/** @param {string} name @returns {string | undefined} */
function which(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin', '/usr/local/bin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** Runs a main function of a script; faults that people can mend are printed without a stack. @param {() => unknown} main */
export async function run(main) {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof SetupFault)) throw error
    process.stderr.write(`\n${error.message}\n`)
    process.exitCode = 1
  }
}
