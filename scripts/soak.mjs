// `npm run soak [-- N] [-- test/chaos/one.test.ts]`: says that what passes once also passes N times (default 20).
// `npm run soak -- fuzz [N]`: N times, with a new seed each time, a minute of each kind of made-up calls and answers.
// Ends with a table of what failed, and with 1 if anything did.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { ensureDependencies, ensureRedis, findNode, root, run, say } from './setup.mjs'

/** @typedef {{ name: string, args: string[], times: number, env?: Record<string, string> }} Command */
/** @typedef {{ passed: number, failed: number, faults: string[] }} Score */

const bin = (/** @type {string[]} */ ...path) => join(root, 'node_modules', ...path)
const jest = [
  '--disable-warning=ExperimentalWarning',
  '--experimental-vm-modules',
  bin('jest', 'bin', 'jest.js'),
]

await run(async () => {
  ensureDependencies()
  ensureRedis()
  const words = process.argv.slice(2)
  const times = Number(words.find((word) => /^\d+$/.test(word)) ?? 20)
  const paths = words.filter((word) => !/^\d+$/.test(word) && word !== 'fuzz')
  /** @type {Command[]} */
  const commands = []
  if (words.includes('fuzz'))
    commands.push({ name: 'fuzz', args: [...jest, 'gateway-fuzz'], times, env: { FUZZ_SECONDS: '60' } })
  if (paths.length > 0) commands.push({ name: paths.join(' '), args: [...jest, ...paths], times })
  if (commands.length === 0) commands.push({ name: 'chaos', args: [...jest, 'test/chaos'], times })
  /** @type {Map<string, Score>} */
  const scores = new Map()
  for (const command of commands)
    for (let i = 1; i <= command.times; i++) {
      say(`\n── ${command.name} ${i} of ${command.times} ──`)
      await runOnce(command, scores)
    }
  say('')
  for (const [test, { passed, failed, faults }] of scores) {
    say(`${failed === 0 ? 'ok    ' : 'FAILED'} ${passed} of ${passed + failed}  ${test}`)
    for (const fault of faults) say(fault.replace(/^/gm, '         '))
  }
  const unsound = [...scores.values()].filter(({ failed }) => failed > 0).length
  say(`\n${scores.size - unsound} passed every time, ${unsound} failed at least once`)
  process.exitCode = unsound > 0 || scores.size === 0 ? 1 : 0
})

/** @param {Command} command @param {Map<string, Score>} scores */
async function runOnce({ name, args, env = {} }, scores) {
  const scratch = mkdtempSync(join(tmpdir(), 'soak-'))
  const file = join(scratch, 'jest.json')
  // What a failed test leaves running must not keep the next run from beginning: hence --forceExit.
  const isClean = await spawnAndWait([...args, '--forceExit', '--json', `--outputFile=${file}`], env)
  /** @type {{ testResults: { name: string, message: string, assertionResults: { fullName: string, status: string, failureMessages: string[] }[] }[] } | undefined} */
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
  rmSync(scratch, { recursive: true })
  if (!report) return count(scores, name, isClean, 'it ended without a report')
  for (const { name: path, message, assertionResults } of report.testResults) {
    if (assertionResults.length === 0) count(scores, path, false, message)
    for (const { fullName, status, failureMessages } of assertionResults)
      if (status === 'passed' || status === 'failed')
        count(scores, fullName, status === 'passed', failureMessages[0] ?? '')
  }
}

/** @param {Map<string, Score>} scores @param {string} test @param {boolean} isGood @param {string} fault */
function count(scores, test, isGood, fault) {
  const score = scores.get(test) ?? { passed: 0, failed: 0, faults: [] }
  scores.set(test, score)
  if (isGood) score.passed++
  else {
    score.failed++
    score.faults.push(fault.split('\n').slice(0, 12).join('\n'))
  }
}

/** @param {string[]} args @param {Record<string, string>} more @returns {Promise<boolean>} whether it ended with 0 */
function spawnAndWait(args, more) {
  // The tests start child processes by the name `node`: it must be the one that runs TypeScript.
  const env = {
    ...process.env,
    PATH: `${bin('.bin')}${delimiter}${process.env.PATH}`,
    NODE_ENV: 'test',
    ...more,
  }
  const child = spawn(findNode(), args, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] })
  return new Promise((resolve) => child.on('exit', (code) => resolve(code === 0)))
}
