import { setNonce } from 'get-nonce'

const kept = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''

/** The one value with which this page may add styles. Mantine asks here; what locks scrolling asks `get-nonce`. */
export const styleNonce = () => kept

setNonce(kept)
