/** The token stands behind `#`: browsers keep that part to themselves, so it is in no log and no Referer. */
export const invitationLink = (origin: string, token: string) => `${origin}/auth/invitation#${token}`
export const resetLinkOf = (origin: string, token: string) => `${origin}/auth/new-password#${token}`
