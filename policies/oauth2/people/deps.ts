import type { ClientDescription } from '../../../registry/client-description.ts'
import type { RememberedConsent } from '../../../registry/consents.ts'
import type { Take, TokensTaken } from '../../../registry/limits.ts'
import type { TokenFamily } from '../../../registry/model.ts'
import type { AuthorizationServerDeps } from '../deps.ts'
import type { SubjectSource } from './sources/source.ts'

/** What the pages may ask of the outside, beside what the authorization server may. */
export interface PeopleDeps extends AuthorizationServerDeps {
  /** Undefined: nobody can sign in, and the code grant is not available. */
  readonly source: SubjectSource | undefined
  /** Name at the head of the pages. */
  readonly bank: string
  readonly sessionIdleMs: number
  readonly sessionMs: number
  /** How long a choice about plain scopes is remembered; 0: not at all. */
  readonly rememberConsentMs: number
  /** Keyed, so that nobody else can make the same text. */
  hash(text: string): string
  /** Forgets what was taken from a limit. */
  forgive(take: Take): Promise<void>
  /** What was taken counts no more. */
  giveBack(take: Take, taken: TokensTaken): Promise<void>
  /** @returns undefined when there is no such client (any more) */
  describeClient(clientId: string): Promise<ClientDescription | undefined>
  readonly consents: {
    find(subject: string, clientId: string): Promise<RememberedConsent | undefined>
    remember(subject: string, clientId: string, consent: RememberedConsent): Promise<void>
    forget(subject: string, clientId: string): Promise<void>
    /** Forgets it, and voids codes that are out. */
    withdraw(subject: string, clientId: string): Promise<void>
  }
  /** Writes to the audit, with a pseudonym for the person; `null`: nobody is known. @throws Problem store-unavailable */
  record(
    person: string | null,
    entry: {
      readonly action: string
      readonly noun: string
      readonly subject: string
      readonly after: Readonly<Record<string, unknown>> | null
    },
  ): Promise<void>
  /** What a person has allowed and still holds. */
  familiesOf(subject: string): Promise<TokenFamily[]>
}
