import type { Probe, RegistryKind } from './kind.ts'
import { passwordMethod } from './password-method.ts'
import { explainRefusal, type RefusalWords } from './refusals.ts'

const words: RefusalWords = {
  rights: {
    list: 'the action pull, or the role reader',
    pull: 'the action pull, or the role reader',
    push: 'the action push (createTag for a new tag, moveTag for one that is there), or the role developer',
    delete: 'the action delete (deleteTag for a tag), or the role maintainer',
  },
  grant:
    'Whoever manages the project gives the role to a member, or the action to a robot or a key.',
  renew:
    'Passwords are changed and keys revoked: log in again, with a personal API key in place of the password where a second factor or single sign-on is in use.',
}

/** Berth. It is told by its challenge, whose realm and service are made of the address that the client used. */
export const berth: RegistryKind = {
  name: 'berth',
  title: 'Berth',
  matchesHost: () => false,
  matchesProbe: ({ registry, origin, challenge }: Probe) =>
    challenge?.scheme === 'bearer' &&
    challenge.service === registry &&
    URL.canParse(challenge.realm) &&
    new URL(challenge.realm).href === new URL('/token', origin).href,
  methods: [
    passwordMethod({ title: 'User name and password', wrong: words.renew }),
    passwordMethod({
      name: 'api-key',
      title: 'User name and personal API key',
      password: {
        text: 'API key',
        hint: 'POST /api/v1/account/keys makes one; it begins with berth_key_.',
      },
      wrong: 'The key may have been revoked or have run out: make a new one.',
    }),
    passwordMethod({
      name: 'robot',
      title: 'Robot and its secret',
      username: { text: 'Login of the robot (project+name)' },
      password: { text: 'Secret' },
      wrong:
        'The secret may have been replaced, or the robot disabled: ask whoever manages the project.',
    }),
  ],
  explainRefusal(refusal) {
    if (refusal.message?.startsWith('blocked by Berth policy') === true) {
      return {
        meaning: 'A policy blocks it, whoever asks.',
        next: 'What mends it is told by: berth why <image>. An exception is made with: berth policy allow.',
      }
    }
    return explainRefusal(refusal, words)
  },
  async openApi(context, credentials) {
    const { BerthApi } = await import('./berth-api.ts')
    return new BerthApi(context, credentials, (refusal) => explainRefusal(refusal, words))
  },
}
