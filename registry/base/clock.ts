/** Milliseconds since the epoch. Handed in wherever time matters, so that a test can hold it still. */
export type Clock = () => number

export const systemClock: Clock = Date.now
