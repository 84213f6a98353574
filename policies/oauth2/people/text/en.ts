/** What the pages say, in English. The other languages have the same members. */
export const en = {
  language: 'English',
  otherLanguages: 'Language',
  sandbox: 'Test environment: no real money moves.',
  skipToContent: 'Skip to content',

  signInTitle: 'Sign in',
  signInLead: (application: string, partner: string) =>
    application === partner
      ? `${application} asks for your permission. Sign in to look at it.`
      : `${application} of ${partner} asks for your permission. Sign in to look at it.`,
  userName: 'User name',
  password: 'Password',
  signIn: 'Sign in',
  cancel: 'Cancel and go back',
  signInElsewhere: (bank: string) => `You sign in on a page of ${bank} and come back here.`,
  continue: 'Continue',

  errorSummary: 'This did not work',
  wrongPassword: 'The user name or the password is not right.',
  userNameMissing: 'Enter your user name.',
  passwordMissing: 'Enter your password.',
  codeMissing: 'Enter the code.',
  wrongCode: 'This code is not right.',
  codeEnded: 'The code has run out. Sign in again to get a new one.',
  formIsOld: 'This page was out of date. Please check it and try again.',
  sourceAway: 'Signing in is not possible right now. Please try again in a moment.',
  upstreamFailed: 'You were not signed in there. You can try again.',

  codeTitle: 'Confirm that it is you',
  code: 'Code',
  confirm: 'Confirm',

  tooManyTitle: 'Too many attempts',
  tooMany: (minutes: number) =>
    minutes === 1
      ? 'To protect the account, signing in is held for a minute. Then you can try again.'
      : `To protect the account, signing in is held for ${minutes} minutes. Then you can try again.`,
  tooManyUntil: (time: string) => `You can try again at ${time}.`,
  backToSignIn: 'Back to sign-in',

  consentTitle: 'Allow access?',
  paymentTitle: (count: number) => (count === 1 ? 'Allow this payment?' : `Allow these ${count} payments?`),
  consentLead: (partner: string) => `Only allow this if you started it at ${partner} just now.`,
  asker: 'Who asks',
  application: 'Application',
  partner: 'Company',
  payment: (number: number, count: number) => (count === 1 ? 'Payment' : `Payment ${number} of ${count}`),
  amount: 'Amount',
  total: 'In total',
  creditor: 'To',
  account: 'Account',
  noAccount: 'No account is named',
  reference: 'Reference',
  actions: 'It may',
  action: {
    initiate: 'make this payment',
    status: 'see how it is going',
    cancel: 'cancel it',
  },
  scopesTitle: 'It will be able to',
  scopeUnknown: 'Not described further',
  accessOnly: 'It learns that you have signed in, and nothing else.',
  signedInAs: (name: string) => `Signed in as ${name}`,
  otherAccount: 'Use another account',
  destination: 'Afterwards you go to',
  destinationApp: 'an app on this device',
  destinationLocal: 'a program on this computer',
  remembered: (days: number) =>
    days === 1
      ? 'Your choice is remembered for a day. You can take it back at any time.'
      : `Your choice is remembered for ${days} days. You can take it back at any time.`,
  askedEachTime: 'You will be asked again for every payment.',
  allow: 'Allow',
  allowPayment: (amount: string) => `Allow payment of ${amount}`,
  allowPayments: 'Allow payments',
  refuse: 'Refuse',

  endedTitle: 'This page has ended',
  ended:
    'It was used already, it was open for too long, or it was opened in another browser. Go back to the application and begin again there.',
  badRequestTitle: 'This request cannot be trusted',
  badRequest:
    'The application sent you here with something that does not fit, so you are not sent back to it. Nothing was allowed.',
  badRequestCode: 'For the people of the application',
  notAvailableTitle: 'Signing in is not set up here',
  notAvailable: 'This gateway does not let people sign in. Nothing was allowed.',
  brokenTitle: 'Something went wrong on our side',
  broken: 'Nothing was allowed. Please try again in a moment.',
  notHereTitle: 'There is nothing here',
  notHere: 'The address leads to no page.',

  accountTitle: 'What you have allowed',
  accountEmpty: 'You have allowed nothing that still holds.',
  accountSince: (date: string) => `Allowed on ${date}`,
  accountUntil: (date: string) => `ends on ${date} by itself`,
  accountPayments: (count: number) => (count === 1 ? 'One payment' : `${count} payments`),
  takeBack: 'Take back',
  takeBackFrom: (application: string) => `Take back what ${application} may do`,
  takenBack: 'It was taken back. The application can do nothing with it any more.',
  signOut: 'Sign out',
  signedOutTitle: 'You are signed out',
  signedOut: 'To sign in again, begin at the application that you want to use.',
}

export type Text = typeof en
