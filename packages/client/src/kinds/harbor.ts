import type { RegistryKind } from './kind.ts'
import { passwordMethod } from './password-method.ts'
import { explainRefusal, type RefusalWords } from './refusals.ts'

const words: RefusalWords = {
  rights: {
    list: 'the project role Limited Guest or higher, or "List Repository" and "List Artifact" of the robot',
    pull: 'the project role Limited Guest or higher, or "Pull Repository" of the robot',
    push: 'the project role Developer or higher, or "Push Repository" of the robot; a full quota and an immutable tag are refused in the same way',
    delete: 'the project role Maintainer or higher, or "Delete Artifact" of the robot',
  },
  grant:
    'An administrator of the project gives it under Projects, the project, Members or Robot Accounts.',
  renew:
    'Robots run out, and with single sign-on the password is the CLI secret of the user profile: make a new one in Harbor and log in again.',
  missing: {
    meaning: 'The first part of the name is a project, which Harbor does not make by itself.',
    next: 'Make the project in Harbor, or check the name: <host>/<project>/<repository>.',
  },
}

/** Harbor. */
export const harbor: RegistryKind = {
  name: 'harbor',
  title: 'Harbor',
  matchesHost: () => false,
  matchesProbe: ({ challenge }) =>
    challenge?.scheme === 'bearer' &&
    challenge.service === 'harbor-registry' &&
    challenge.realm.endsWith('/service/token'),
  methods: [
    passwordMethod({
      title: 'User name with password or CLI secret, or a robot account',
      username: { text: 'User name, or the whole name of the robot (robot$…)' },
      password: {
        text: 'Password, CLI secret or robot secret',
        hint: 'With single sign-on the CLI secret stands in the user profile of Harbor.',
      },
      wrong: words.renew,
    }),
  ],
  explainRefusal: (refusal) => explainRefusal(refusal, words),
  async openApi(context, credentials) {
    const { HarborApi } = await import('./harbor-api.ts')
    return new HarborApi(context, credentials, (refusal) => explainRefusal(refusal, words))
  },
}
