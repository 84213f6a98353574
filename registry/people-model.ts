import { z } from 'zod'

/** People who sign in to the console, and where each may do what. How they prove themselves is kept apart (accounts). */

export const Email = z
  .email()
  .max(254)
  .transform((text) => text.toLowerCase())
  .describe('E-mail address; capital letters make no difference.')
export const PersonName = z.string().trim().min(1).max(100).describe('As others see it.')
export const PlatformRole = z
  .enum(['platform-owner', 'platform-operator', 'platform-viewer', 'auditor'])
  .describe('What somebody may do in the platform.')
export const PartnerRole = z
  .enum(['partner-owner', 'partner-developer', 'partner-viewer'])
  .describe('What somebody may do in a partner.')
export const Language = z.enum(['en', 'zh-CN'])
export const Theme = z.enum(['auto', 'light', 'dark'])

export const Membership = z.object({ partnerId: z.string(), role: PartnerRole })
export type Membership = z.infer<typeof Membership>

export const Person = z.object({
  id: z.string(),
  createdAt: z.int(),
  updatedAt: z.int(),
  email: z.string(),
  name: z.string(),
  roles: z.array(PlatformRole).describe('In the platform.'),
  memberships: z.array(Membership).describe('In partners.'),
  isSuspended: z.boolean().describe('Whether they cannot sign in.'),
  language: Language.nullable().describe('Chosen for the console; `null`: that of the browser.'),
  theme: Theme.describe('Chosen for the console.'),
})
export type Person = z.infer<typeof Person>

/** An offer to become a member of the platform team or of a partner. */
export const Invitation = z.object({
  id: z.string(),
  createdAt: z.int(),
  updatedAt: z.int(),
  email: z.string(),
  roles: z.array(PlatformRole).describe('In the platform, once accepted.'),
  membership: Membership.nullable().describe('In a partner, once accepted.'),
  invitedBy: z.string().describe('Id of who invited.'),
  expiresAt: z.int().describe('After this it cannot be accepted (ms since the epoch).'),
})
export type Invitation = z.infer<typeof Invitation>
