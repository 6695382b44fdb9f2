/** Signing in, the first start, and the sign-in of a device. */
export const signInText = {
  title: 'Sign in',
  lead: (host: string) => `to ${host}`,
  name: 'Name',
  nameMissing: 'Type your name.',
  password: 'Password',
  passwordMissing: 'Type your password.',
  submit: 'Sign in',
  directory: 'The name and password of your organisation’s directory (LDAP) work here too.',
  code: 'Code',
  codeLead:
    'Your account has a second factor. Type the six digits that your authenticator app shows.',
  codeMissing: 'Type the six digits.',
  recoveryCode: 'Recovery code',
  recoveryLead: 'Each of the recovery codes that you kept is good once.',
  recoveryMissing: 'Type one of your recovery codes.',
  useRecovery: 'Use a recovery code',
  useApp: 'Use the authenticator app',
  back: 'Back',
  wrong: 'Name or password is wrong.',
  codeWrong: 'This code is wrong or was used already. Wait for the next one, or try another.',
  throttled: 'There were too many wrong tries. Further ones are not looked at for a while.',
  tryAgainIn: (seconds: number) =>
    seconds === 1 ? 'Try again in 1 second' : `Try again in ${seconds} seconds`,
  or: 'or',
  withProvider: (name: string) => `Continue with ${name}`,
  waysMissing: 'Which other ways to sign in there are could not be found out.',
  alreadyTitle: (name: string) => `You are signed in as ${name}`,
  goOn: 'Go on',
  asAnother: 'Sign out and sign in as somebody else',
  doneTitle: 'You are signed in',
  done: 'Close this window: the page that you came from goes on by itself.',
  setUpNeededTitle: 'This Berth is new',
  setUpNeeded:
    'It waits for its first administrator. Open the link that the server printed at its start, or type the code from it.',
  setUp: 'Set it up',
  openWithout: 'Look at public repositories without signing in',
  sso: {
    title: (provider: string) => `Signing in with ${provider} failed`,
    provider: 'the provider',
    signInExpired:
      'It was begun in another browser, or more than ten minutes ago. Begin it again from here.',
    identityRefused:
      'The provider knows you, but you may not sign in here: your user is disabled, or you are in none of the groups that are needed. Ask whoever manages this Berth.',
    unavailable:
      'The provider does not answer, or answers wrongly. Try again in a while, or sign in another way.',
    denied: 'The provider refused to sign you in, or you broke it off there.',
    other: 'Begin again; if it stays so, ask whoever manages this Berth to look into its log.',
  },
}

export const setUpText = {
  title: 'Set up this Berth',
  lead: 'Choose the name and the password of its first administrator. You are signed in right afterwards.',
  code: 'Code',
  codeHint: 'In the link that the server printed at its start, after #code=.',
  name: 'Name of the administrator',
  nameHint: 'Lowercase letters, digits, “.”, “_” and “-”. Left empty it stays admin.',
  password: 'Password',
  again: 'The same password again',
  differs: 'The two passwords differ.',
  tooShort: 'Choose at least 12 characters.',
  submit: 'Set up and sign in',
  codeWrong:
    'This code is wrong, used, or older than a day. Start the server again: as long as nobody has signed in, it prints a new one.',
  notNeededTitle: 'This Berth is set up already',
  notNeeded: 'Its first administrator has signed in, or the code of its start is no longer good.',
  toSignIn: 'Go to the sign-in page',
}

export const strengthText = {
  label: 'Strength of the password',
  short: (missing: number) =>
    missing === 1 ? 'One character is missing' : `${missing} characters are missing`,
  fair: 'Long enough. Longer is stronger: a few unrelated words are good.',
  good: 'Good',
  strong: 'Strong',
}

export const deviceText = {
  title: 'Sign in a device',
  lead: 'A command line such as berth login shows a code. Type it here to sign that program in as you.',
  code: 'Code that the device shows',
  look: 'Look it up',
  codeMissing: 'Type the code, such as WDJB-MJHT.',
  unknown:
    'No device waits with this code. Codes last ten minutes: let the program make a new one.',
  throttled: 'There were too many wrong codes. Further ones are not looked at for a while.',
  questionTitle: 'Is this you?',
  question: (name: string) =>
    `The program below wants to be signed in as ${name}. It gets an API key that is good for 90 days and may do all that you may.`,
  warning:
    'Agree only if you started it yourself a moment ago, and the code on its screen is this one. Nobody has checked what it calls itself.',
  client: 'Calls itself',
  address: 'Asks from',
  codeShown: 'Code',
  expires: 'Code ends',
  approve: 'Sign it in',
  deny: 'Deny',
  other: 'Another code',
  approvedTitle: 'The device is signed in',
  approved: 'Go back to it: it goes on within some seconds. Its key stands among your API keys.',
  deniedTitle: 'Denied',
  denied: 'The device was told so. If you did not start it, nothing else has to be done.',
  keys: 'Your API keys',
}
