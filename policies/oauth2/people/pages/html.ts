/** A piece of HTML that is safe to send: made by `html` only, which escapes all that is put into it. */
export interface Html {
  readonly html: string
}

export type HtmlPart = Html | string | number | undefined | false | readonly HtmlPart[]

/** Template tag. Text is escaped for content and for double-quoted attributes; pieces of HTML and lists go in as they are. */
export function html(texts: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let out = texts[0]!
  for (const [i, part] of parts.entries()) out += rendered(part) + texts[i + 1]!
  return { html: out }
}

function rendered(part: HtmlPart): string {
  if (part === undefined || part === false) return ''
  if (typeof part === 'object') return 'html' in part ? part.html : part.map(rendered).join('')
  return escaped(visible(String(part)))
}

const escapes: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (letter) => escapes[letter]!)

/**
 * Without what could make a text look like another one: controls, and marks that turn the direction of what follows
 * (Unicode TR 36 §2.5). Letters of right-to-left scripts stay; pages put names into `bdi`.
 */
const visible = (text: string) =>
  text.replaceAll(/[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu, (letter) =>
    letter === '\n' || letter === '\t' ? letter : '',
  )
