import type { RegistryKind } from './kind.ts'
import { passwordMethod } from './password-method.ts'
import { explainRefusal, type RefusalWords } from './refusals.ts'

const words: RefusalWords = {
  rights: {
    list: 'the permission Read on the repository',
    pull: 'the permission Read on the repository',
    push: 'the permission Write on the repository, or the permission Creator of a team where the repository is new',
    delete: 'the permission Admin on the repository',
  },
  grant:
    'An administrator of the repository gives it to the robot or the user: the repository, Settings, Permissions.',
  renew:
    'Robots have tokens of their own and users encrypted passwords: take either from Quay (Robot Accounts, or CLI Password) and log in again.',
}

/** Quay: quay.io, and those that others run. */
export const quay: RegistryKind = {
  name: 'quay',
  title: 'Quay',
  matchesHost: (registry) => registry === 'quay.io',
  matchesProbe: ({ challenge, registry }) =>
    challenge?.scheme === 'bearer' &&
    challenge.realm.endsWith('/v2/auth') &&
    (challenge.service === registry || challenge.service === 'quay.io'),
  methods: [
    passwordMethod({
      name: 'robot',
      title: 'A robot account with its token, or user name and encrypted password',
      username: { text: 'Robot (organisation+name) or user name' },
      password: { text: 'Token or encrypted password' },
      wrong: words.renew,
    }),
  ],
  explainRefusal: (refusal) => explainRefusal(refusal, words),
}
