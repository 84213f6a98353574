import type { Config } from '../../registry/base/config.ts'

/**
 * The console as the browser that asks sees it. Where no address is configured it is what the browser asked for: a cookie
 * goes to no other host than the one that set it.
 */
export const consoleOrigin = (config: Pick<Config, 'ADMIN_PUBLIC_URL'>, host: string | undefined): string =>
  config.ADMIN_PUBLIC_URL ? new URL(config.ADMIN_PUBLIC_URL).origin : `http://${host ?? 'localhost'}`
