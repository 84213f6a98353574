import { describe, expect, test } from '@jest/globals'
import {
  isSameName,
  readName,
} from '../../../../../policies/oauth2/client-authentication/distinguished-name.ts'

const same = (a: string, b: string) => isSameName(readName(a)!, readName(b)!)

describe('a distinguished name', () => {
  test.each([
    ['CN=shop,O=Shop,C=DE', 'CN=shop, O=Shop, C=DE'],
    ['CN=shop,O=Shop', 'cn=SHOP,o=shop'],
    ['CN=shop', '2.5.4.3=shop'],
    ['CN=a  b', 'CN= a b '],
    ['CN=a\\,b,O=c', 'CN=a\\2Cb,O=c'],
    ['CN=a+OU=b,O=c', 'OU=b + CN=a, O=c'],
    ['CN=Lu\\C4\\8Di\\C4\\87', 'CN=Lučić'],
    ['organizationIdentifier=PSDDE-BAFIN-1,C=DE', '2.5.4.97=PSDDE-BAFIN-1,C=DE'],
  ])('%s is %s', (a, b) => {
    expect(same(a, b)).toBe(true)
  })

  test.each([
    ['CN=shop,O=Shop', 'O=Shop,CN=shop'],
    ['CN=shop,O=Shop', 'CN=shop'],
    ['CN=shop', 'CN=shop,O=Shop'],
    ['CN=a\\,O=b', 'CN=a,O=b'],
    ['CN=a+O=b', 'CN=a,O=b'],
    ['CN=shop', 'OU=shop'],
    ['CN=shop', 'CN=shop2'],
    ['CN=', 'CN=shop'],
  ])('%s is not %s', (a, b) => {
    expect(same(a, b)).toBe(false)
  })

  test.each(['', 'shop', 'CN', 'CN=a,', 'CN=a,,O=b', 'XX=a', 'CN=#0c0473686f70', 'CN="a"', 'CN=a\\', '=a'])(
    '%j is none',
    (text) => {
      expect(readName(text)).toBeUndefined()
    },
  )
})
