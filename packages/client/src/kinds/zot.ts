import type { RegistryKind } from './kind.ts'
import { passwordMethod } from './password-method.ts'
import { explainRefusal, type RefusalWords } from './refusals.ts'

const words: RefusalWords = {
  rights: {
    list: 'the action read in a policy of accessControl',
    pull: 'the action read in a policy of accessControl',
    push: 'the action create, and update for a tag that is there, in a policy of accessControl',
    delete: 'the action delete in a policy of accessControl',
  },
  grant:
    'Whoever runs zot adds it for the repository in its configuration: http, accessControl, repositories.',
  renew:
    'Check the name and the password; API keys (zak_…) run out, and a new one is made in the web interface of zot.',
}

/** zot. It can be told only when it asks for a password: an open one looks like any registry. */
export const zot: RegistryKind = {
  name: 'zot',
  title: 'zot',
  matchesHost: () => false,
  matchesProbe: ({ challenge }) =>
    challenge?.scheme === 'basic' && challenge.realm === 'Authorization Required',
  methods: [
    passwordMethod({
      title: 'User name and password or API key',
      password: { text: 'Password or API key' },
      wrong: words.renew,
    }),
  ],
  explainRefusal: (refusal) => explainRefusal(refusal, words),
}
