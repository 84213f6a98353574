import type { PublishedApi } from '../registry/model.ts'

/** The list of published APIs as a page. */
export function apisPage(apis: readonly PublishedApi[]): string {
  const items = apis.map(
    (api) =>
      `<section><h2>${text(api.title)}</h2><p>${text(api.description)}</p><ul>${versions(api)}</ul></section>`,
  )
  const body = items.join('\n') || '<p>Nothing is published yet.</p>'
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Published APIs</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 45rem; margin: 3rem auto; padding: 0 1rem }</style></head>
<body><h1>Published APIs</h1>
${body}
</body></html>
`
}

const versions = (api: PublishedApi) =>
  api.versions
    .map(
      ({ name, title }) =>
        `<li><a href="/docs/apis/${api.name}/${name}/">${text(`${name} ${title}`.trim())}</a></li>`,
    )
    .join('')

const text = (raw: string) => raw.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
