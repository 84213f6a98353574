import { describe, expect, test } from '@jest/globals'
import type { Routing } from '../../../registry/model.ts'
import { isResourceOf, resourcesOf } from '../../../registry/resources.ts'

const url = 'https://api.bank.example'
const byPath: Routing = { by: 'path', basePath: '/payments/v1' }
const byHost: Routing = { by: 'host', basePath: '', hosts: ['pay.bank.example', '*.pay.bank.example'] }

describe('a version as a resource', () => {
  test('is named by the address below which it is served', () => {
    expect(resourcesOf(byPath, `${url}/`)).toEqual([`${url}/payments/v1`])
    expect(resourcesOf(byPath, 'https://bank.example/gw')).toEqual(['https://bank.example/gw/payments/v1'])
    expect(resourcesOf(byHost, 'https://api.bank.example:8443')).toEqual(['https://pay.bank.example:8443'])
  })

  test.each([
    [`${url}/payments/v1`],
    [`${url}/payments/v1/`],
    [`${url}/payments/v1/payment`],
    [url],
    ['https://api.bank.example:443/payments'],
  ])('is meant by %s', (resource) => {
    expect(isResourceOf(resource, byPath, url)).toBe(true)
  })

  test.each([
    [`${url}/payments/v10`],
    [`${url}/payments/v2`],
    [`${url}/payments/v1x`],
    [`${url}/payments/v1/../v2`],
    ['http://api.bank.example/payments/v1'],
    ['https://api.bank.example:8443/payments/v1'],
    ['https://evil.example/payments/v1'],
    ['https://api.bank.example@evil.example/payments/v1'],
    ['urn:payments'],
    [''],
  ])('is not meant by %s', (resource) => {
    expect(isResourceOf(resource, byPath, url)).toBe(false)
  })

  test('is meant by each of its hosts', () => {
    expect(isResourceOf('https://pay.bank.example/x', byHost, url)).toBe(true)
    expect(isResourceOf('https://eu.pay.bank.example', byHost, url)).toBe(true)
    expect(isResourceOf('https://xpay.bank.example', byHost, url)).toBe(false)
    expect(isResourceOf(url, byHost, url)).toBe(false)
  })
})
