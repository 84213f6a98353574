/** Slots of shared memory: one for each target, three for each upstream. */
export const slotCapacity = 65_536

interface SlotOwner {
  /** Whether no thread holds anything of the slot. */
  isIdle(slot: number): boolean
  /** What is known in the slot belongs to its last owner. */
  forget(slot: number): void
}

/** Hands out slots by key; only the main thread does. */
export interface SlotTable {
  /**
   * Slots for these targets. Others keep theirs while calls are in flight, or while they are in force still: what is
   * asked for now may yet be refused.
   * @throws Error when all are taken
   */
  assign(keys: readonly string[], inForce?: readonly string[]): Map<string, number>
}

export function createSlotTable(view: SlotOwner, capacity = slotCapacity): SlotTable {
  const slots = new Map<string, number>()
  const free: number[] = []
  let next = 0
  return {
    assign(keys, inForce = []) {
      const wanted = new Set(keys)
      const used = new Set(inForce)
      for (const [key, slot] of slots) {
        if (wanted.has(key) || used.has(key) || !view.isIdle(slot)) continue
        slots.delete(key)
        view.forget(slot)
        free.push(slot)
      }
      const assigned = new Map<string, number>()
      for (const key of wanted) {
        // Used ones last: a call under an older table may still choose a target that has lost its slot.
        const slot = slots.get(key) ?? (next < capacity ? next++ : free.shift())
        if (slot === undefined) throw new Error('more targets and upstreams than this gateway can count')
        slots.set(key, slot)
        assigned.set(key, slot)
      }
      return assigned
    },
  }
}
