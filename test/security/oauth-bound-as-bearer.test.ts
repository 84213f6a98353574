import { expect, test } from '@jest/globals'
import { authenticate } from '../../policies/authenticate/index.ts'
import type { Confirmation } from '../../registry/oauth-model.ts'
import { ask, compile, exchange, grant as grantOf, identity, liveToken } from '../support/policy-run.ts'

/** The library takes a token that is bound to a key or certificate for a plain one: whoever stole it could use it. */
test.each<[string, Confirmation]>([
  ['DPoP key', { jkt: 'thumbprint' }],
  ['certificate', { 'x5t#S256': 'thumbprint' }],
])('a token that is bound to a %s is nothing under Bearer', async (_what, confirmation) => {
  const grant = grantOf({ confirmation })
  const hooks = compile(
    authenticate,
    {},
    { findIdentityByToken: () => identity({ method: 'bearer', grant }) },
  )
  const x = exchange({ headers: { authorization: `Bearer ${liveToken}` } })
  await expect(ask(hooks, x)).rejects.toMatchObject({ code: 'token-invalid' })
  expect(x.identity).toBeUndefined()
})

test('one that is bound to nothing is', async () => {
  const grant = grantOf()
  const hooks = compile(
    authenticate,
    {},
    { findIdentityByToken: () => identity({ method: 'bearer', grant }) },
  )
  const x = exchange({ headers: { authorization: `Bearer ${liveToken}` } })
  await ask(hooks, x)
  expect(x.identity).toBeDefined()
})
