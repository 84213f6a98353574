import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { SetupFault } from '../setup.mjs'
import { readJson, writePrivateJson } from './files.ts'

/** Whether a process may listen there now. */
export async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer()
  try {
    server.listen({ port, host, exclusive: true })
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('the system gave no port')
  return address.port
}

export interface PublicPort {
  readonly variable: string
  readonly host: string
  readonly port: number
}

/** @throws SetupFault that names every port in use and the variable that moves it */
export async function refuseTakenPorts(ports: readonly PublicPort[]): Promise<void> {
  const taken: string[] = []
  for (const { variable, host, port } of ports)
    if (!(await isFree(port, host))) taken.push(`- port ${port} is taken: set ${variable} to another one`)
  if (taken.length > 0)
    throw new SetupFault(`Another program listens where this one should:\n${taken.join('\n')}`)
}

/**
 * Ports of our own choice (Redis, the example services), remembered in the data folder, so that addresses stay the
 * same from start to start. One that was taken meanwhile is chosen anew.
 */
export async function rememberedPorts<Name extends string>(
  dataDir: string,
  names: readonly Name[],
): Promise<Record<Name, number>> {
  const path = join(dataDir, 'ports.json')
  const before = (readJson(path) ?? {}) as Record<string, number>
  const ports: Record<string, number> = { ...before }
  const used = new Set<number>()
  for (const name of names) {
    let port = before[name]
    while (port === undefined || used.has(port) || !(await isFree(port, '127.0.0.1'))) port = await freePort()
    used.add(port)
    ports[name] = port
  }
  writePrivateJson(path, ports)
  return ports as Record<Name, number>
}
