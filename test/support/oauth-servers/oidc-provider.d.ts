declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  interface Grant {
    addOIDCScope(scope: string): void
    addResourceScope(resource: string, scope: string): void
    addRar(detail: unknown): void
    save(): Promise<string>
  }
  interface Interaction {
    readonly uid: string
    readonly prompt: { readonly name: string; readonly details: Record<string, unknown> }
    readonly params: Record<string, unknown>
    readonly session?: { readonly accountId: string }
  }
  export const errors: Record<
    'InvalidTarget' | 'InvalidAuthorizationDetails' | 'InvalidRequest',
    new (
      why?: string,
    ) => Error
  >
  /** As much of it as the tests use; the package brings no types. */
  export default class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>)
    callback(): (req: IncomingMessage, res: ServerResponse) => void
    on(event: string, listener: (...args: unknown[]) => void): void
    readonly Grant: new (fields: {
      accountId: string
      clientId: string
    }) => Grant
    interactionDetails(req: IncomingMessage, res: ServerResponse): Promise<Interaction>
    interactionFinished(req: IncomingMessage, res: ServerResponse, result: unknown): Promise<void>
    proxy: boolean
  }
}
