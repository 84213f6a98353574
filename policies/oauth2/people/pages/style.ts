import { createHash } from 'node:crypto'

/**
 * The one style sheet of the pages. It stands in the page itself and is let through by its hash, so that a page is one
 * answer and no other style can get in.
 */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --sunk: #f6f7f9; --line: #dde0e6; --edge: #868e9c;
  --ink: #14171f; --dim: #555d6e; --accent: #3b46c4; --accent-dark: #2f38a3; --on-accent: #ffffff;
  --bad: #b3261e; --bad-wash: #fdf1f0; --warn-ink: #6b4700; --warn-wash: #fff6e0; --warn-line: #ecd08e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1015; --card: #171a21; --sunk: #1e222b; --line: #2c313c; --edge: #79818f;
    --ink: #eceef2; --dim: #a5adbb; --accent: #aab4ff; --accent-dark: #c3caff; --on-accent: #14184a;
    --bad: #ffb4ab; --bad-wash: #33191a; --warn-ink: #f3d58f; --warn-wash: #2b2312; --warn-line: #57451c;
  }
}
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100% }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center;
  background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
}
:lang(zh-CN) body { line-height: 1.65 }
a { color: var(--accent); text-underline-offset: .15em }
.skip { position: absolute; left: -999rem }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem .75rem; background: var(--card) }
header, main, footer { width: 100%; max-width: 31rem; padding-inline: 1rem }
header { display: flex; align-items: center; gap: .625rem; padding-block: 2rem 1rem }
header svg { flex: none; color: var(--accent) }
header p { margin: 0; font-weight: 600; overflow-wrap: anywhere; min-width: 0 }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .625rem; padding: 1.5rem }
h1 { margin: 0 0 .5rem; font-size: 1.375rem; line-height: 1.3; font-weight: 650; letter-spacing: -.01em; text-wrap: balance }
:lang(zh-CN) h1 { letter-spacing: 0 }
h2 { margin: 1.5rem 0 .5rem; font-size: .875rem; line-height: 1.4; font-weight: 600; color: var(--dim) }
p { margin: 0 0 1rem; overflow-wrap: anywhere }
.dim { color: var(--dim); font-size: .875rem }
.note { margin: 0 0 1rem; padding: .5rem .75rem; border: 1px solid var(--warn-line); border-radius: .375rem; background: var(--warn-wash); color: var(--warn-ink); font-size: .875rem }
.errors { margin: 0 0 1.25rem; padding: .75rem 1rem; border: 1px solid var(--bad); border-left-width: 4px; border-radius: .375rem; background: var(--bad-wash) }
.errors h2 { margin: 0 0 .25rem; font-size: 1rem; color: var(--bad) }
.errors ul { margin: 0; padding: 0; list-style: none }
.errors a, .errors li { color: var(--bad) }
.done { margin: 0 0 1rem; padding: .5rem .75rem; border: 1px solid var(--line); border-left: 4px solid var(--accent); border-radius: .375rem; background: var(--sunk) }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; font-size: .9375rem }
input {
  width: 100%; min-height: 2.875rem; padding: .5rem .75rem; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--edge); border-radius: .375rem;
}
input[aria-invalid=true] { border-color: var(--bad); border-width: 2px }
.field-error { margin: 0 0 .25rem; color: var(--bad); font-size: .875rem }
.code { max-width: 12rem; font-size: 1.25rem; letter-spacing: .15em; font-variant-numeric: tabular-nums }
button, .button {
  display: block; width: 100%; min-height: 2.875rem; padding: .5rem 1rem; border-radius: .375rem; border: 1px solid var(--edge);
  font: inherit; font-weight: 600; line-height: 1.4; text-align: center; text-decoration: none; cursor: pointer;
  background: var(--card); color: var(--ink); overflow-wrap: anywhere;
}
button:hover, .button:hover { background: var(--sunk) }
.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
.main:hover { background: var(--accent-dark); border-color: var(--accent-dark) }
.actions { display: grid; gap: .625rem; margin-top: 1.5rem }
.quiet { width: auto; min-height: 1.75rem; padding: 0 .125rem; border: 0; background: none; color: var(--accent); font-weight: 500; font-size: .875rem; text-decoration: underline; text-underline-offset: .15em }
.quiet:hover { background: none; color: var(--accent-dark) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
h1:focus, .errors:focus { outline: none }
.pay { margin: 1rem 0 0; border: 1px solid var(--line); border-radius: .5rem; background: var(--sunk); padding: 1rem 1.125rem }
.pay h2 { margin: 0 0 .125rem }
.amount { margin: 0; font-size: clamp(1.75rem, 9vw, 2.375rem); line-height: 1.2; font-weight: 700; letter-spacing: -.02em; font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
.amount small { font-size: .875rem; font-weight: 600; letter-spacing: 0; color: var(--dim) }
.total { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; margin: 1rem 0 0; font-weight: 650; font-variant-numeric: tabular-nums }
dl { margin: .875rem 0 0; display: grid; grid-template-columns: minmax(4.5rem, auto) 1fr; gap: .375rem 1rem }
dt { color: var(--dim); font-size: .875rem; line-height: 1.6 }
dd { margin: 0; font-weight: 500; overflow-wrap: anywhere; min-width: 0 }
dd.digits { font-variant-numeric: tabular-nums; font-weight: 600 }
.scopes { margin: 0; padding: 0; list-style: none; border-top: 1px solid var(--line) }
.scopes li { padding: .625rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere }
.scopes code, code { font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; color: var(--dim); overflow-wrap: anywhere }
.scopes code { display: block }
.who { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 1rem; margin: 1.25rem 0 0; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .875rem; color: var(--dim) }
.scopes + .who { margin-top: 0; border-top: 0 }
.who p { margin: 0 }
.to { margin: .5rem 0 0; font-size: .875rem; color: var(--dim) }
.to strong { color: var(--ink) }
.grant { padding: 1rem 0; border-top: 1px solid var(--line) }
.grant h2 { margin: 0; font-size: 1rem; color: var(--ink) }
.grant p { margin: .25rem 0 .75rem }
.grant button { width: auto; min-height: 2.25rem; padding: .25rem .875rem; font-size: .9375rem }

footer { padding-block: 1rem 2rem; font-size: .875rem; color: var(--dim) }
footer ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 0; padding: 0; list-style: none }
footer a, footer strong { display: inline-block; padding: .25rem 0 }
footer strong { font-weight: 600; color: var(--ink) }
.vh { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
@media (max-width: 24rem) { .card { padding: 1.125rem 1rem } header { padding-block: 1.25rem .75rem } dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: .5rem } }
@media (forced-colors: active) { .main { border-width: 2px } }
`

/** For `style-src` (CSP 3 §2.3.1). */
export const styleHash = `sha256-${createHash('sha256').update(style).digest('base64')}`
