import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SetupFault } from '../setup.mjs'

/**
 * Claims the data folder for this process: two Redis servers on one append-only file would spoil it.
 * @returns gives it back
 * @throws SetupFault when another demo that still runs holds it
 */
export function claimFolder(dataDir: string): () => void {
  const path = join(dataDir, 'demo.pid')
  for (;;) {
    try {
      writeFileSync(path, `${process.pid}\n`, { flag: 'wx' })
      return () => rmSync(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = Number(readFileSync(path, 'utf8'))
    if (isAlive(holder))
      throw new SetupFault(
        `The data folder ${dataDir} is in use by process ${holder}. End that one, or set DATA_DIR to another folder.`,
      )
    rmSync(path, { force: true }) // left behind by a start that was killed
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
