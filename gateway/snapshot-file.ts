import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Snapshot } from '../registry/model.ts'

/** The last snapshot served, kept for a start while Redis is away. */

/** Replaces the file whole: a crash in between leaves the old one. */
export async function writeSnapshotFile(path: string, snapshot: Snapshot): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.writeFile(JSON.stringify(snapshot))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}) // half of it would only fill the disk further
    throw error
  }
}

/** @returns undefined when there is none. @throws Error when it is damaged */
export async function readSnapshotFile(path: string): Promise<Snapshot | undefined> {
  try {
    return Snapshot.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
