/** As much of a browser as a sign-in needs: cookies of one site, and redirects followed one by one. */
export interface Browser {
  /** Follows redirects while they stay at the site. */
  go(url: URL, init?: RequestInit): Promise<Page>
}

export interface Page {
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  readonly body: string
  /** Where a redirect leads away from the site; undefined for a page of the site. */
  readonly left: URL | undefined
  /** Status of each redirect on the way. */
  readonly redirects: readonly number[]
}

export function openBrowser(send: typeof fetch = fetch): Browser {
  const cookies = new Map<string, string>()
  return {
    async go(start, init = {}) {
      let url = start
      let next: RequestInit = init
      const redirects: number[] = []
      for (let hops = 0; hops < 12; hops++) {
        const headers = new Headers(next.headers)
        if (cookies.size > 0) headers.set('cookie', [...cookies].map(([k, v]) => `${k}=${v}`).join('; '))
        const answer = await send(url, { ...next, headers, redirect: 'manual' })
        for (const line of answer.headers.getSetCookie()) keep(cookies, line)
        const body = await answer.text()
        const to = answer.headers.get('location')
        const page = { url, status: answer.status, headers: answer.headers, body, redirects }
        if (to === null || answer.status < 300 || answer.status > 399) return { ...page, left: undefined }
        redirects.push(answer.status)
        const target = new URL(to, url)
        if (target.origin !== start.origin) return { ...page, left: target }
        url = target
        next = {}
      }
      throw new Error(`too many redirects, the last to ${url}`)
    },
  }
}

function keep(cookies: Map<string, string>, line: string): void {
  const [pair, ...attributes] = line.split(';')
  const cut = pair!.indexOf('=')
  const name = pair!.slice(0, cut).trim()
  const expires = attributes.find((a) => /^\s*expires=/i.test(a))
  const isGone =
    attributes.some((a) => /^\s*max-age=0\s*$/i.test(a)) ||
    (expires !== undefined && Date.parse(expires.slice(expires.indexOf('=') + 1)) <= Date.now())
  if (isGone) cookies.delete(name)
  else cookies.set(name, pair!.slice(cut + 1).trim())
}
