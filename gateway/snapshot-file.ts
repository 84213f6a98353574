import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Snapshot } from '../registry/model.ts'

/** The last snapshot served, kept for a start while Redis is away. */

/** Replaces the file whole: a crash in between leaves the old one. */
export async function writeSnapshotFile(path: string, snapshot: Snapshot): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(JSON.stringify(snapshot))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
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
