/** It warns of each Node that is no LTS, and of each default that it keeps: no news in a test. */
const said = { warn: console.warn, info: console.info }
for (const way of ['warn', 'info'] as const)
  console[way] = (...words: unknown[]) => {
    if (!String(words[0]).startsWith('oidc-provider ')) said[way](...words)
  }
