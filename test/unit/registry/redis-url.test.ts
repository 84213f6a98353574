import { describe, expect, test } from '@jest/globals'
import { readRedisUrl } from '../../../registry/redis-url.ts'

const plain = { isTls: false, username: undefined, password: undefined, database: 0, master: undefined }

describe('REDIS_URL', () => {
  test.each([
    ['redis://localhost', { ...plain, kind: 'single', hosts: [{ host: 'localhost', port: 6379 }] }],
    ['redis://[::1]:7000/3', { ...plain, kind: 'single', hosts: [{ host: '::1', port: 7000 }], database: 3 }],
    [
      'rediss://ann:p%40ss%3Aword@db:6380',
      {
        ...plain,
        kind: 'single',
        hosts: [{ host: 'db', port: 6380 }],
        isTls: true,
        username: 'ann',
        password: 'p@ss:word',
      },
    ],
    [
      'redis://:secret@db',
      { ...plain, kind: 'single', hosts: [{ host: 'db', port: 6379 }], password: 'secret' },
    ],
    [
      'redis+sentinel://a:1,b/bank/2',
      {
        ...plain,
        kind: 'sentinel',
        hosts: [
          { host: 'a', port: 1 },
          { host: 'b', port: 26_379 },
        ],
        master: 'bank',
        database: 2,
      },
    ],
    [
      'rediss+cluster://u:p@a:1,b:2',
      {
        ...plain,
        kind: 'cluster',
        hosts: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
        isTls: true,
        username: 'u',
        password: 'p',
      },
    ],
  ])('%s is read', (url, place) => {
    expect(readRedisUrl(url)).toEqual(place)
  })

  test.each([
    ['http://:hunter2@db', 'must begin'],
    ['redis://:hunter2@a,b', 'several hosts'],
    ['redis://:hunter2@a:99999', 'host:port'],
    ['redis://:hunter2@', 'host:port'],
    ['redis://:hunter2@a/x', 'cannot be read'],
    ['redis+sentinel://:hunter2@a:1', 'master group'],
    ['redis+cluster://:hunter2@a:1/4', 'database 0'],
    ['redis://:hunter2%zz@a', 'percent-encoding'],
  ])('%s is refused without showing the password', (url, reason) => {
    expect(() => readRedisUrl(url)).toThrow(reason)
    expect(() => readRedisUrl(url)).not.toThrow('hunter2')
  })
})
