import { z } from 'zod'
import type { Config } from '../../registry/base/config.ts'
import type { Log } from '../../registry/base/log.ts'
import { Invitation } from '../../registry/people-model.ts'
import { sendMail } from '../accounts/mail.ts'

export const Invited = z.object({
  invitation: Invitation,
  link: z
    .string()
    .nullable()
    .describe('To accept it with: works once. `null` where it was sent by mail. Shown this once.'),
})

export const mailInvitation = (config: Config, log: Log, to: string, link: string): Promise<boolean> =>
  sendMail(config, log, {
    to,
    subject: 'You are invited to the payments gateway · 邀请您加入支付网关',
    text: `Accept within seven days:\n\n${link}\n\n请在七天内通过上方链接接受邀请。\n`,
  })
