/** Milliseconds since the epoch. Handed in wherever time matters, so that a test can hold it still. */
export type Clock = () => number

export const systemClock: Clock = Date.now

/** ms by a clock that nobody sets: for ages and waits. The same in all threads of a process. */
export const steadyClock: Clock = () => performance.now() + offset
const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now()
