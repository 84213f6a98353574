import { describe, expect, test } from '@jest/globals'
import { standAlone } from '../../../gateway/stand-alone.ts'
import type { PublishedVersion, Snapshot } from '../../../registry/model.ts'

interface Place {
  readonly basePath: string
  readonly hosts?: string[]
}
const version = ({ basePath, hosts }: Place) =>
  ({ routing: hosts ? { by: 'host', hosts, basePath } : { by: 'path', basePath } }) as PublishedVersion

/** Which of these stand alone. */
function alone(...places: Place[]): number[] {
  const versions = places.map(version)
  const found = standAlone({ apis: [{ versions }] } as unknown as Snapshot)
  return [...found].map((one) => versions.indexOf(one))
}

describe('versions that stand alone', () => {
  test('are those beside each other', () => {
    expect(alone({ basePath: '/pay/v1' }, { basePath: '/pay/v2' }, { basePath: '/pay/v11' })).toEqual([
      0, 1, 2,
    ])
  })

  test('are not those at one place, one below the other, or at the root', () => {
    expect(alone({ basePath: '/a' }, { basePath: '/a' }, { basePath: '/b' })).toEqual([2])
    expect(alone({ basePath: '/a/v1' }, { basePath: '/a' }, { basePath: '/b' })).toEqual([2])
    expect(alone({ basePath: '' })).toEqual([])
    expect(alone({ basePath: '' }, { basePath: '/b' })).toEqual([])
  })

  test('may have the same path on another host', () => {
    const hosts = ['one.example']
    expect(alone({ basePath: '/a' }, { basePath: '/a', hosts })).toEqual([0, 1])
    expect(
      alone({ basePath: '/a', hosts: ['two.example', 'one.example'] }, { basePath: '/a/b', hosts }),
    ).toEqual([])
  })
})
