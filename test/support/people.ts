import { createHash, randomBytes } from 'node:crypto'
import type { AuthorizationRequest } from '../../policies/oauth2/authorization-request.ts'
import { keep } from '../../registry/one-time.ts'
import type { Registry } from '../../registry/store.ts'
import { authorizationRequest } from './authorization-request.ts'

/** A browser as far as HTTP goes: keeps cookies, follows nothing by itself, and sends what browsers send. */
export function browser(origin: string, headers: Readonly<Record<string, string>> = {}) {
  const cookies = new Map<string, string>()
  async function go(path: string, init: RequestInit = {}) {
    const url = new URL(path, origin)
    const response = await fetch(url, {
      redirect: 'manual',
      ...init,
      headers: {
        ...(cookies.size > 0 && { cookie: [...cookies].map(([n, v]) => `${n}=${v}`).join('; ') }),
        ...headers,
        ...(init.headers as Record<string, string>),
      },
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/max-age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    const body = await response.text()
    const location = response.headers.get('location') ?? ''
    return { status: response.status, headers: response.headers, body, location }
  }
  const post = (path: string, form: Record<string, string>, more: Record<string, string> = {}) =>
    go(path, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: { origin: 'null', 'sec-fetch-site': 'same-origin', ...more },
    })
  return {
    cookies,
    get: (path: string, more: Record<string, string> = {}) => go(path, { headers: more }),
    post,
    /** Sends the form of a page for a step, with what it hides and what is typed. */
    async submit(page: { body: string }, step: string, typed: Record<string, string> = {}) {
      const form = formOf(page.body, step)
      return post(form.action, { ...form.hidden, ...typed })
    },
  }
}
export type Browser = ReturnType<typeof browser>

/** A form of a page, by the step that it takes. */
export function formOf(body: string, step: string) {
  for (const [, action = '', inside = ''] of body.matchAll(
    /<form method="post" action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g,
  )) {
    const hidden: Record<string, string> = {}
    for (const [, name = '', value = ''] of inside.matchAll(
      /<input type="hidden" name="([^"]*)" value="([^"]*)">/g,
    ))
      hidden[name] = value
    if (hidden.step === step) return { action: action.replaceAll('&amp;', '&'), hidden }
  }
  throw new Error(`no form for ${step} on:\n${body.slice(body.indexOf('<main'))}`)
}

/** Puts a checked request before a browser, as the authorization endpoint does. @returns the path of its page */
export async function beginInteraction(
  r: Registry,
  visitor: Browser,
  more: Partial<AuthorizationRequest> = {},
): Promise<string> {
  const id = randomBytes(32).toString('base64url')
  const cookie = visitor.cookies.get('interaction') ?? randomBytes(32).toString('base64url')
  visitor.cookies.set('interaction', cookie)
  const lifetimeMs = 600_000
  const interaction = {
    request: authorizationRequest(more),
    browser: createHash('sha256').update(cookie).digest('base64url'),
    expiresAt: r.now() + lifetimeMs,
  }
  await keep(r, 'interaction', id, interaction, lifetimeMs)
  return `/oauth2/interaction/${id}`
}

export const ada = { username: 'ada', password: 'analytical-engine' }
export const lin = { username: 'lin', password: 'moonlight-lotus' }
