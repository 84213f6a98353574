/**
 * A queue with a line for each partner. Turns go round the partners, so that one with a hundred calls waiting is served
 * as often as one with a single call; inside a line it is first come, first served.
 */
export interface FairQueue<T> {
  readonly size: number
  /** Partners with something waiting. */
  readonly partners: number
  waitingOf(partner: string): number
  push(partner: string, item: T): void
  /** Takes an item out of turn. */
  remove(partner: string, item: T): void
  /** The partner with the longest line, and the last in that line. */
  longest(): { readonly partner: string; readonly length: number; readonly last: T } | undefined
  /**
   * Offers in turn, until nobody is left who takes. What is `taken` leaves; who says `not-me` is passed over this time;
   * after `nobody` it is no use to go on.
   */
  serve(offer: (item: T) => 'taken' | 'not-me' | 'nobody'): void
}

export function createFairQueue<T>(): FairQueue<T> {
  // In the order of turns: whose turn it was goes to the end.
  const lines = new Map<string, T[]>()
  let size = 0

  function takeOut(partner: string, line: T[], at: number) {
    line.splice(at, 1)
    size--
    if (line.length === 0) lines.delete(partner)
  }

  return {
    get size() {
      return size
    },
    get partners() {
      return lines.size
    },
    waitingOf: (partner) => lines.get(partner)?.length ?? 0,
    push(partner, item) {
      const line = lines.get(partner)
      if (line) line.push(item)
      else lines.set(partner, [item])
      size++
    },
    remove(partner, item) {
      const line = lines.get(partner)
      const at = line?.indexOf(item) ?? -1
      if (at >= 0) takeOut(partner, line!, at)
    },
    longest() {
      let found: [string, T[]] | undefined
      for (const entry of lines) if (!found || entry[1].length > found[1].length) found = entry
      return found && { partner: found[0], length: found[1].length, last: found[1].at(-1)! }
    },
    serve(offer) {
      // A line that goes to the end is met again by this same loop.
      for (const [partner, line] of lines) {
        for (let i = 0; i < line.length; i++) {
          const answer = offer(line[i]!)
          if (answer === 'nobody') return
          if (answer === 'not-me') continue
          takeOut(partner, line, i)
          lines.delete(partner)
          if (line.length > 0) lines.set(partner, line)
          break
        }
      }
    },
  }
}
