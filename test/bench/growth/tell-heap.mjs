import { writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { BroadcastChannel, isMainThread } from 'node:worker_threads'

// For `node --import`: at SIGUSR2 the heap of every thread is collected whole, and what is left is written to HEAP_FILE,
// in bytes. The channel holds nobody up, and is not used otherwise.
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
const channel = new BroadcastChannel('heap')
channel.unref()

/** Twice: what the first pass finds unused may hold on to more until it is finalised. */
function heapBytes() {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

if (isMainThread) {
  process.on('SIGUSR2', () => {
    const heaps = [heapBytes()]
    channel.onmessage = ({ data }) => {
      if (typeof data !== 'number') return
      heaps.push(data)
      writeFileSync(String(process.env.HEAP_FILE), JSON.stringify(heaps))
    }
    channel.postMessage('collect')
  })
} else {
  channel.onmessage = ({ data }) => {
    if (data === 'collect') channel.postMessage(heapBytes())
  }
}
