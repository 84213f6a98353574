import { InvalidScopeError } from 'oauth2-server'

/**
 * Nothing asked for: all that may be granted. Anything else: exactly that, or nothing at all.
 *
 * @throws InvalidScopeError
 */
export function scopesFor(asked: readonly string[] | undefined, grantable: readonly string[]): string[] {
  if (asked === undefined) return [...grantable]
  const all = new Set(grantable)
  if (!asked.every((scope) => all.has(scope)))
    throw new InvalidScopeError('A scope is unknown or not granted to this client')
  return [...new Set(asked)]
}
