/**
 * Threads tell one another that there is something to look at. A thread that has nothing to wait for does not listen, and
 * being told costs it nothing.
 */
export interface Wakes {
  /** Safe for the thread that asks, too: its own turn comes after what it is doing now. */
  wake(thread: number): void
  /** From now on `look` comes after every wake, until it says that there is nothing left to wait for. */
  listen(): void
}

export const createWakeCells = (threads: number) => new SharedArrayBuffer(threads * 4)

/** @param look @returns whether to go on listening */
export function openWakes(buffer: SharedArrayBuffer, thread: number, look: () => boolean): Wakes {
  const cells = new Int32Array(buffer)
  let isListening = false
  let isDue = false

  async function follow() {
    let seen = Atomics.load(cells, thread)
    do {
      await Atomics.waitAsync(cells, thread, seen).value
      seen = Atomics.load(cells, thread) // before the look, so that a wake during it is not missed
    } while (look())
    isListening = false
  }

  return {
    wake(whom) {
      if (whom !== thread) {
        Atomics.add(cells, whom, 1)
        Atomics.notify(cells, whom)
      } else if (!isDue) {
        isDue = true
        queueMicrotask(() => {
          isDue = false
          look()
        })
      }
    },
    listen() {
      if (isListening) return
      isListening = true
      void follow()
    },
  }
}
