import { getCACertificates } from 'node:tls'
import type { AuthorizationServerDeps } from '../../policies/oauth2/index.ts'
import {
  createDemoSource,
  createHookSource,
  type PeopleDeps,
  type SubjectSource,
  upstreamReturnPath,
} from '../../policies/oauth2/people/index.ts'
import type { Config } from '../../registry/base/config.ts'
import { hashSecret } from '../../registry/base/secrets.ts'
import { describeClient } from '../../registry/client-description.ts'
import { commit } from '../../registry/commit.ts'
import { findConsent, forgetConsent, rememberConsent, withdraw } from '../../registry/consents.ts'
import { clearTokens, returnTokens } from '../../registry/limits.ts'
import { pseudonymOf } from '../../registry/pseudonym.ts'
import type { Registry } from '../../registry/store.ts'
import { listFamiliesOfPerson } from '../../registry/token-families.ts'
import { createHookSender } from './subject-hook.ts'
import { createUpstreamLogin } from './upstream-login.ts'

/** What the pages for people are set to. */
export interface PeopleParts {
  readonly source: SubjectSource | undefined
  /** Name at the head of the pages. */
  readonly bank: string
  readonly sessionIdleMs: number
  readonly sessionMs: number
  readonly rememberConsentMs: number
}

/** @param issuer without a slash at the end */
export function peopleOf(config: Config, issuer: string): PeopleParts {
  return {
    source: sourceOf(config, issuer),
    bank: config.GATEWAY_SIGN_IN_TITLE ?? new URL(issuer).host,
    sessionIdleMs: config.GATEWAY_SESSION_IDLE_SECONDS * 1000,
    sessionMs: config.GATEWAY_SESSION_SECONDS * 1000,
    rememberConsentMs: config.GATEWAY_REMEMBER_CONSENT_SECONDS * 1000,
  }
}

/** Nobody signs in. */
export function nobody(issuer: string): PeopleParts {
  const none = { sessionIdleMs: 0, sessionMs: 0, rememberConsentMs: 0 }
  return { source: undefined, bank: new URL(issuer).host, ...none }
}

/** That the settings name all that a source needs was checked when they were read. */
function sourceOf(config: Config, issuer: string): SubjectSource | undefined {
  switch (config.GATEWAY_SUBJECT_SOURCE) {
    case 'none':
      return undefined
    case 'demo':
      return createDemoSource()
    case 'http':
      return createHookSource({
        secret: config.peopleSecrets.hookSecret!,
        now: Date.now,
        send: createHookSender({
          url: config.GATEWAY_SUBJECT_HOOK_URL!,
          timeoutMs: config.GATEWAY_SUBJECT_HOOK_TIMEOUT_MS,
          ca:
            config.outboundCa === undefined
              ? undefined
              : [...getCACertificates('default'), config.outboundCa],
        }),
      })
    case 'oidc':
      return createUpstreamLogin({
        issuer: config.GATEWAY_UPSTREAM_LOGIN_ISSUER!,
        clientId: config.GATEWAY_UPSTREAM_LOGIN_CLIENT_ID!,
        clientSecret: config.peopleSecrets.upstreamClientSecret!,
        scope: config.GATEWAY_UPSTREAM_LOGIN_SCOPE,
        acrValues: config.GATEWAY_UPSTREAM_LOGIN_ACR_VALUES,
        redirectUri: `${issuer}${upstreamReturnPath}`,
        timeoutMs: config.GATEWAY_UPSTREAM_LOGIN_TIMEOUT_MS,
      })
  }
}

export function peopleDepsOf(
  registry: Registry,
  people: PeopleParts,
  server: AuthorizationServerDeps,
): PeopleDeps {
  return {
    ...server,
    ...people,
    hash: (text) => hashSecret(registry.secrets.hashKey, text),
    forgive: (take) => clearTokens(registry, take),
    giveBack: (take, taken) => returnTokens(registry, take, taken),
    describeClient: (clientId) => describeClient(registry, clientId),
    consents: {
      find: (subject, clientId) => findConsent(registry, subject, clientId),
      remember: (subject, clientId, consent) => rememberConsent(registry, subject, clientId, consent),
      forget: (subject, clientId) => forgetConsent(registry, subject, clientId),
      withdraw: (subject, clientId) => withdraw(registry, subject, clientId),
    },
    record: async (person, entry) => {
      const id = person === null ? 'authorization-server' : pseudonymOf(registry, person)
      await commit(registry, { id }, { expect: [], write: [], audit: [{ ...entry, before: null }] })
    },
    familiesOf: (subject) => listFamiliesOfPerson(registry, subject),
  }
}
