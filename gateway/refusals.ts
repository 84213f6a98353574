/**
 * Which credentials were refused unasked a few seconds ago. Who has a good one comes again with it, as the refusal says;
 * who makes them up has a new one each time. A filter of some bits for each: it takes another for such a one about once
 * in 50,000 times with 10,000 refusals a second, and 2 MB from the first refusal on.
 */
export interface Refusals {
  add(hash: string): void
  /** Whether it was refused some seconds ago, and not just now. */
  has(hash: string): boolean
}

interface Slot {
  number: number
  readonly bits: Uint8Array
}

const slotMs = 2_000
const slotCount = 8
const slotBits = 2 ** 21
/** Of a slot, for one credential. */
const marks = 4

export function createRefusals(now: () => number): Refusals {
  const slots: Slot[] = []
  const numberNow = () => Math.floor(now() / slotMs)

  function current(): Slot {
    const number = numberNow()
    let slot = slots[number % slotCount]
    if (!slot) {
      slot = { number, bits: new Uint8Array(slotBits / 8) }
      slots[number % slotCount] = slot
    } else if (slot.number !== number) {
      slot.number = number
      slot.bits.fill(0)
    }
    return slot
  }

  return {
    add(hash) {
      const { bits } = current()
      for (const place of placesOf(hash)) bits[place >> 3]! |= 1 << (place & 7)
    },
    has(hash) {
      const number = numberNow()
      const places = placesOf(hash)
      return slots.some(
        (slot) =>
          slot.number < number &&
          slot.number > number - slotCount &&
          places.every((place) => slot.bits[place >> 3]! & (1 << (place & 7))),
      )
    },
  }
}

/** The hash has a key that only the platform knows: nobody can aim at the places of another. */
function placesOf(hash: string): number[] {
  const bytes = Buffer.from(hash, 'base64url')
  return Array.from({ length: marks }, (_, i) => bytes.readUInt32LE(i * 4) % slotBits)
}
