import { Counter, Gauge, type Registry } from 'prom-client'
import type { Connections } from './connections.ts'

const capNames = { inAll: 'all', perNetwork: 'address' } as const

/** Of one thread; the main thread adds the threads up. */
export function addConnectionMetrics(registry: Registry, { open, refused }: Connections) {
  const registers = [registry]
  new Gauge({
    name: 'gateway_connections',
    help: 'Connections of partners that are open, WebSockets included.',
    registers,
    aggregator: 'sum',
    collect() {
      this.set(open.size)
    },
  })
  const before = { ...refused }
  new Counter({
    name: 'gateway_connections_refused_total',
    help: 'Connections that were closed at once, by the cap that they would have exceeded: all or address.',
    labelNames: ['cap'],
    registers,
    collect() {
      for (const cap of ['inAll', 'perNetwork'] as const) {
        this.inc({ cap: capNames[cap] }, refused[cap] - before[cap])
        before[cap] = refused[cap]
      }
    },
  })
  const slowReaders = new Counter({
    name: 'gateway_slow_readers_cut_total',
    help: 'Connections that were cut off, as their partners took too slowly what waited for them.',
    registers,
  })
  return { slowReaderCut: () => slowReaders.inc() }
}
