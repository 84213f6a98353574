import { describe, expect, test } from '@jest/globals'
import {
  createConnectionCells,
  forgetConnections,
  openConnectionCounts,
} from '../../../gateway/connection-counts.ts'

const caps = { inAll: 6, perNetwork: 3 }

function setUp() {
  const cells = createConnectionCells(2)
  return { cells, one: openConnectionCounts(cells, 0), other: openConnectionCounts(cells, 1) }
}

describe('connections', () => {
  test('of one network are counted over all threads', () => {
    const { one, other } = setUp()
    const places = one.take('192.0.2.1', caps)
    expect(typeof places).toBe('object')
    expect(typeof other.take('192.0.2.1', caps)).toBe('object')
    expect(typeof other.take('192.0.2.1', caps)).toBe('object')
    expect(one.take('192.0.2.1', caps)).toBe('perNetwork')
    expect(other.take('192.0.2.1', caps)).toBe('perNetwork')
    one.giveBack(places as [number, number])
    expect(typeof other.take('192.0.2.1', caps)).toBe('object')
    expect(one.take('192.0.2.1', caps)).toBe('perNetwork')
  })

  test('of all networks are counted, too, and who is refused takes no place', () => {
    const { one, other } = setUp()
    const taken = [1, 2, 3, 4, 5, 6].map((i) => (i % 2 ? one : other).take(`192.0.2.${i}`, caps))
    for (let i = 0; i < 10; i++) expect(one.take(`198.51.100.${i}`, caps)).toBe('inAll')
    other.giveBack(taken[1] as [number, number])
    expect(typeof one.take('198.51.100.1', caps)).toBe('object')
    expect(other.take('198.51.100.2', caps)).toBe('inAll')
  })

  test('of a thread that crashed are given back, and no others', () => {
    const { cells, one, other } = setUp()
    one.take('192.0.2.1', caps)
    one.take('192.0.2.1', caps)
    other.take('192.0.2.1', caps)
    forgetConnections(cells, 0)
    expect(typeof other.take('192.0.2.1', caps)).toBe('object')
    expect(typeof other.take('192.0.2.1', caps)).toBe('object')
    expect(other.take('192.0.2.1', caps)).toBe('perNetwork')
  })

  test('of many networks are hardly ever taken for those of one', () => {
    const { one } = setUp()
    const wide = { inAll: 100_000, perNetwork: 2 }
    let refused = 0
    for (let i = 0; i < 2_000; i++)
      if (one.take(`10.0.${i >> 8}.${i & 255}`, wide) === 'perNetwork') refused++
    expect(refused).toBeLessThan(5)
  })
})
