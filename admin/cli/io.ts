import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { type Client, createClient } from './client.ts'

/** What the commands see of the process. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  readonly stdin: AsyncIterable<Uint8Array>
}

export interface GlobalOptions {
  readonly url: string
  readonly tokenFile?: string
  readonly json?: boolean
}

/** The admin API, with the token of the environment or a file: an argument would show in the list of processes. */
export async function connect(io: Io, command: Command): Promise<Client> {
  const { url, tokenFile } = command.optsWithGlobals<GlobalOptions>()
  const text = tokenFile === undefined ? io.env.GATEWAYCTL_TOKEN : await readText(io, tokenFile)
  const token = text?.trim()
  if (!token)
    command.error(
      'There is no admin token: set GATEWAYCTL_TOKEN or give --token-file (see `gatewayctl bootstrap`).',
      {
        exitCode: 2,
      },
    )
  if (!URL.canParse(url))
    command.error(`--url: ${url} is not an address like http://127.0.0.1:8001`, { exitCode: 2 })
  return createClient(url, token)
}

/** Bytes of a file, or of stdin for `-`. @throws Error that names the file */
export async function readBytes(io: Io, path: string): Promise<Buffer> {
  if (path === '-') {
    const chunks: Uint8Array[] = []
    for await (const chunk of io.stdin) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  try {
    return await readFile(path)
  } catch (error) {
    throw new Error(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

export const readText = async (io: Io, path: string) => (await readBytes(io, path)).toString('utf8')
