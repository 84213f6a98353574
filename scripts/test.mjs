// `npm test [-- stage or path …]`: installs what is missing, runs every stage, goes on after a failed one, and ends
// with the plain line `N passed, N failed`. Plain JavaScript: on a fresh clone it runs on Node 20.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { ensureConsole } from './build-console.mjs'
import {
  ensureChromium,
  ensureDependencies,
  ensureRedis,
  findNode,
  root,
  run,
  SetupFault,
  say,
} from './setup.mjs'
import { addUp, countsOfJest, summaryLine } from './test-counts.mjs'

/** @typedef {import('./test-counts.mjs').Counts} Counts */
/** @typedef {{ name: string, args: string[], folders?: string[] }} Stage */

// Long enough for the slowest stage on two busy cores; a stage that hangs must end with a message all the same.
const stageLimitMs = 30 * 60_000

const bin = (/** @type {string[]} */ ...path) => join(root, 'node_modules', ...path)
const jest = [
  '--disable-warning=ExperimentalWarning',
  '--experimental-vm-modules',
  bin('jest', 'bin', 'jest.js'),
]

/** @type {Stage[]} */
const checks = [
  { name: 'types', args: [join(root, 'scripts', 'types.mjs')] },
  { name: 'lint', args: [bin('.bin', 'biome'), 'check', '.'] },
  {
    name: 'arrows',
    args: [bin('.bin', 'depcruise'), ...foldersOfCode(), '--config', '.dependency-cruiser.cjs'],
  },
  { name: 'docs', args: [join(root, 'scripts', 'docs.ts'), '--check'] },
]
/** @type {Stage[]} */
const suites = [
  { name: 'unit', args: jest, folders: ['test/unit'] },
  { name: 'integration', args: jest, folders: ['test/integration'] },
  { name: 'security', args: jest, folders: ['test/security', 'test/compliance'] },
  { name: 'e2e', args: jest, folders: ['test/e2e', 'test/chaos'] },
  { name: 'browser', args: jest, folders: ['test/browser'] },
]

await run(async () => {
  ensureDependencies()
  ensureRedis()
  const stages = chosen(process.argv.slice(2))
  if (stages.some(({ folders = [] }) => folders.some((folder) => folder.startsWith('test/browser'))))
    prepareBrowser()
  const node = findNode()
  /** @type {Counts[]} */
  const results = []
  for (const stage of stages) results.push(await runStage(stage, node))
  const sum = addUp(results)
  say('')
  for (const [i, result] of results.entries()) say(stageLine(stages[i]?.name ?? '', result))
  say('')
  say(summaryLine(sum))
  process.exitCode = sum.failed > 0 ? 1 : 0
})

function prepareBrowser() {
  ensureChromium()
  ensureConsole()
}

/** @param {string[]} filters names of stages, or paths of tests @returns {Stage[]} */
function chosen(filters) {
  const all = [...checks, ...suites]
  if (filters.length === 0) return all.filter((stage) => existing(stage.folders).length > 0 || !stage.folders)
  const named = all.filter((stage) => filters.includes(stage.name))
  const paths = filters.filter((filter) => !all.some((stage) => stage.name === filter))
  for (const path of paths)
    if (!existsSync(join(root, path)))
      throw new SetupFault(
        `There is neither a stage nor a path "${path}". Stages: ${all.map((s) => s.name).join(', ')}.`,
      )
  return paths.length === 0 ? named : [...named, { name: paths.join(' '), args: jest, folders: paths }]
}

/** @param {Stage} stage @param {string} node @returns {Promise<Counts>} */
async function runStage({ name, args, folders }, node) {
  say(`\n── ${name} ${'─'.repeat(Math.max(3, 70 - name.length))}`)
  const startedAt = performance.now()
  const scratch = mkdtempSync(join(tmpdir(), 'stage-'))
  const report = join(scratch, 'jest.json')
  const jestArgs = folders ? ['--json', `--outputFile=${report}`, ...existing(folders)] : []
  const isClean = await spawnAndWait(node, [...args, ...jestArgs])
  const counts = folders
    ? countsOfJest(existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined, isClean)
    : { passed: isClean ? 1 : 0, failed: isClean ? 0 : 1, skipped: 0 }
  rmSync(scratch, { recursive: true })
  const result = { ...counts, seconds: (performance.now() - startedAt) / 1000 }
  say(stageLine(name, result))
  return result
}

/** @param {string} command @param {string[]} args @returns {Promise<boolean>} whether it ended with 0 */
function spawnAndWait(command, args) {
  // The tests start child processes by the name `node`: it must be the one that runs TypeScript.
  const path = `${bin('.bin')}${delimiter}${process.env.PATH}`
  const env = { ...process.env, PATH: path, NODE_ENV: 'test' }
  // Jest prints its JSON on stdout even when it also writes the file; people read stderr.
  const stdio = /** @type {const} */ (['ignore', args.includes('--json') ? 'ignore' : 'inherit', 'inherit'])
  const child = spawn(command, args, { cwd: root, env, stdio: [...stdio] })
  const limit = setTimeout(() => {
    say(`This stage was ended after ${stageLimitMs / 60_000} minutes.`)
    child.kill('SIGKILL')
  }, stageLimitMs)
  return new Promise((resolve) => {
    child.on('exit', (code) => {
      clearTimeout(limit)
      resolve(code === 0)
    })
  })
}

/** @param {string} name @param {Counts} counts */
function stageLine(name, { passed, failed, skipped, seconds = 0 }) {
  const state = failed > 0 ? 'FAILED' : 'ok'
  const numbers = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
  return `${name.padEnd(14)} ${state.padEnd(7)} ${numbers.padEnd(34)} ${seconds.toFixed(1)} s`
}

/** @param {string[] | undefined} folders */
function existing(folders = []) {
  return folders.filter((folder) => existsSync(join(root, folder)))
}

function foldersOfCode() {
  return existing(['registry', 'policies', 'gateway', 'admin', 'examples', 'scripts', 'test'])
}
