import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { boundsAt, isTimeZone, type Period } from '../../../registry/periods.ts'

const at = (text: string) => Date.parse(text)
const told = (period: Period, text: string) =>
  boundsAt(period, at(text)).map((ms) => new Date(ms).toISOString())

describe('periods', () => {
  test('of days are those of the time zone, of 23 hours too', () => {
    expect(told({ unit: 'day', timeZone: 'UTC' }, '2026-11-23T23:59:59.999Z')).toEqual([
      '2026-11-23T00:00:00.000Z',
      '2026-11-24T00:00:00.000Z',
      '2026-11-25T00:00:00.000Z',
    ])
    expect(told({ unit: 'day', timeZone: 'Europe/Berlin' }, '2027-03-28T10:00:00Z')).toEqual([
      '2027-03-27T23:00:00.000Z',
      '2027-03-28T22:00:00.000Z',
      '2027-03-29T22:00:00.000Z',
    ])
  })

  test('of weeks begin on Monday, of months on the first', () => {
    expect(told({ unit: 'week', timeZone: 'UTC' }, '2026-11-22T12:00:00Z')).toEqual([
      '2026-11-16T00:00:00.000Z',
      '2026-11-23T00:00:00.000Z',
      '2026-11-30T00:00:00.000Z',
    ])
    expect(told({ unit: 'month', timeZone: 'UTC' }, '2026-12-31T12:00:00Z')).toEqual([
      '2026-12-01T00:00:00.000Z',
      '2027-01-01T00:00:00.000Z',
      '2027-02-01T00:00:00.000Z',
    ])
  })

  test('of seconds begin at full multiples', () => {
    expect(boundsAt({ unit: 'seconds', seconds: 60 }, 61_000)).toEqual([60_000, 120_000, 180_000])
  })

  test('hold the moment they were asked for, and follow on one another', () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Asia/Kathmandu', 'Pacific/Apia']
    fc.assert(
      fc.property(
        fc.integer({ min: at('2000-01-01'), max: at('2040-01-01') }),
        fc.constantFrom(...zones),
        fc.constantFrom('day' as const, 'week' as const, 'month' as const),
        (now, timeZone, unit) => {
          const [start, end, next] = boundsAt({ unit, timeZone }, now)
          expect(start <= now && now < end && end < next).toBe(true)
          expect(boundsAt({ unit, timeZone }, end)).toMatchObject([end, next, expect.any(Number)])
        },
      ),
    )
  })

  test('know real time zones only', () => {
    expect(['UTC', 'Europe/Berlin', 'Mars/Olympus'].map(isTimeZone)).toEqual([true, true, false])
  })
})
