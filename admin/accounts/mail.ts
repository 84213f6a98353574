import { createTransport } from 'nodemailer'
import type { Config } from '../../registry/base/config.ts'
import type { Log } from '../../registry/base/log.ts'

/**
 * Sends a mail where a server is configured.
 *
 * @returns whether it was handed over; otherwise its link is shown to whoever made it
 */
export async function sendMail(
  config: Config,
  log: Log,
  mail: { readonly to: string; readonly subject: string; readonly text: string },
): Promise<boolean> {
  if (!config.ADMIN_SMTP_URL) return false
  const transport = createTransport(config.ADMIN_SMTP_URL, { from: config.ADMIN_MAIL_FROM })
  try {
    await transport.sendMail(mail)
    return true
  } catch (error) {
    log.warn({ fault: (error as Error).message.slice(0, 200) }, 'a mail could not be sent')
    return false
  } finally {
    transport.close()
  }
}
