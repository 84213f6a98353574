import { describe, expect, test } from '@jest/globals'
import { createTurns } from '../../../gateway/turns.ts'

describe('long work', () => {
  test('goes on while its stretch is short, and lets the loop run where it has become long', async () => {
    let now = 0
    const turns = createTurns(() => now)
    now = 1.9
    expect(turns()).toBeUndefined()
    now = 2
    let hasRun = false
    setImmediate(() => {
      hasRun = true
    })
    await turns()
    expect(hasRun).toBe(true)
    expect(turns()).toBeUndefined() // a stretch of its own begins
  })
})
