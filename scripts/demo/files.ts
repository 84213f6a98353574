import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/** Writes a text that only its owner may read, whole or not at all: a reader never sees half of it. */
export function writePrivate(path: string, text: string): void {
  const draft = `${path}.${process.pid}.part`
  rmSync(draft, { force: true })
  writeFileSync(draft, text, { mode: 0o600 })
  renameSync(draft, path)
}

export function writePrivateJson(path: string, value: unknown): void {
  writePrivate(path, `${JSON.stringify(value, null, 2)}\n`)
}

/** @returns undefined when there is no such file. @throws SyntaxError when it is not JSON */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
