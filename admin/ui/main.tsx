import './kit/nonce.ts'
import '@fontsource-variable/inter'
import '@fontsource-variable/jetbrains-mono'
import '@mantine/core/styles.layer.css'
import './kit/base.css'
import { createRoot } from 'react-dom/client'
import { App } from './app/app.tsx'
import { reloadWhenStale } from './app/stale.ts'
import { openTexts } from './app/texts.ts'

reloadWhenStale()
await openTexts()
createRoot(document.getElementById('root') as HTMLElement).render(<App />)
