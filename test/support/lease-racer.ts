import { parentPort, workerData } from 'node:worker_threads'
import { type LeaseMemory, viewLeaseMemory } from '../../gateway/lease-memory.ts'

/** A thread that takes what it can from one slot of the shared memory, until it is told that there is no more. */

const { memory, thread, key, signal, what } = workerData as RacerData
const view = viewLeaseMemory(memory, thread)
const slot = view.find(key)!
const flag = new Int32Array(signal)
let spent = 0
let most = 0
Atomics.add(flag, 2, 1)
const places: number[] = []

while (Atomics.load(flag, 0) === 0) {
  if (what === 'keys') {
    if (Atomics.load(flag, 1) === 0 || places.length === 3_000) continue
    places.push(view.find(`key ${places.length}`)!.at)
    if (places.length === 3_000) Atomics.add(flag, 2, 1)
    continue
  }
  if (what === 'tokens') {
    const lease = view.spend(slot, view.now())
    if (lease === 0) continue
    // Each tenth is put back, as by a call that another limit refused.
    if (++spent % 10 === 0) {
      Atomics.add(flag, 1, 1)
      view.unspend(slot, lease, view.now())
    }
  } else if (view.takeOff(slot)) {
    most = Math.max(most, Atomics.add(flag, 1, 1) + 1)
    Atomics.sub(flag, 1, 1)
    view.land(slot)
    spent++
    Atomics.add(flag, 3, 1)
  }
}
parentPort!.postMessage({ spent, most, places })

export interface RacerData {
  readonly memory: LeaseMemory
  readonly thread: number
  readonly key: string
  /** First cell: 0 while it runs. Second: put back in all; in flight now; 1 for go. Third: threads that have begun, and found all keys. Fourth: flights. */
  readonly signal: SharedArrayBuffer
  readonly what: 'tokens' | 'flights' | 'keys'
}
