import type { Language } from '../text/index.ts'

/**
 * Where people come from: what knows who somebody is. A bank brings its own; nothing of what is typed is kept here.
 * A source of the kind `password` is asked with what was typed on our page; one of the kind `elsewhere` has pages of
 * its own, to which the browser goes and from which it comes back.
 */
export type SubjectSource = PasswordSource | ElsewhereSource

export interface PasswordSource {
  readonly kind: 'password'
  /** @throws when nobody can be asked right now */
  signIn(attempt: SignInAttempt): Promise<SignInResult>
  /** The code of a second factor. @throws as `signIn` */
  confirm(attempt: CodeAttempt): Promise<SignInResult>
}

/** For whom and in which language: what a source may tell people about. */
export interface AttemptPlace {
  readonly clientId: string
  readonly application: string
  readonly partner: string
  readonly language: Language
}
export interface SignInAttempt extends AttemptPlace {
  readonly userName: string
  readonly password: string
}
export interface CodeAttempt extends AttemptPlace {
  readonly code: string
  /** Of the challenge. */
  readonly state: string
}

export type SignInResult =
  | { readonly outcome: 'signed-in'; readonly subject: string; readonly displayName: string }
  /** The same for unknown people and for wrong passwords. */
  | { readonly outcome: 'refused' }
  /** A code is needed, too. `prompt` is shown; `state` comes back with the code, and never reaches the browser. */
  | { readonly outcome: 'challenge'; readonly prompt: string; readonly state: string }

export interface ElsewhereSource {
  readonly kind: 'elsewhere'
  /** @returns where the browser goes, and what is needed to understand the answer. @throws when it cannot be reached */
  begin(
    wish: UpstreamWish,
  ): Promise<{ readonly location: string; readonly state: string; readonly kept: Json }>
  /** @param query of the address to which the browser came back @throws when the answer is none of a sign-in */
  complete(query: string, kept: Json): Promise<UpstreamPerson>
}

export interface UpstreamWish {
  readonly loginHint: string | null
  readonly language: Language
  /** The person must prove who they are, whatever session is there. */
  readonly mustSignIn: boolean
  readonly maxAgeSeconds: number | null
}
export interface UpstreamPerson {
  readonly subject: string
  readonly displayName: string
  /** ms since the epoch; undefined where upstream does not say */
  readonly authenticatedAt: number | undefined
}
export type Json = Readonly<Record<string, unknown>>
