/** RFC 9113 §8.2.2: what HTTP/1.1 says of one connection, and HTTP/2 must not carry. */
const ofConnection = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** @param name in lower case */
export const isOfConnection = (name: string) => ofConnection.has(name)
