import type { KindContext, Probe, RegistryKind } from './kind.ts'
import { passwordMethod } from './password-method.ts'
import { explainRefusal, type RefusalWords } from './refusals.ts'

const tokensPage = 'github.com, Settings, Developer settings, Personal access tokens (classic)'

const words: RefusalWords = {
  rights: {
    list: 'the scope read:packages',
    pull: 'the scope read:packages, or the right to read this package',
    push: 'the scope write:packages, or the right to write this package',
    delete: 'the scope delete:packages, or the role Admin on this package',
  },
  grant:
    'Give the token the scope, and whoever it belongs to the role on the package; in GitHub Actions the job needs "permissions: packages: write" and the package its repository under "Manage Actions access".',
  renew: `Make a new token at ${tokensPage}; where an organisation uses single sign-on, authorise the token for it.`,
  missing: {
    meaning: 'The owner in the name is no user or organisation that the login may write to.',
    next: 'Write the name as ghcr.io/<owner>/<package>, in lower case.',
  },
}

/** GitHub's container registry. */
export const ghcr: RegistryKind = {
  name: 'ghcr',
  title: 'GitHub Container Registry',
  matchesHost: (registry) => registry === 'ghcr.io' || registry === 'docker.pkg.github.com',
  matchesProbe: ({ challenge }: Probe) =>
    challenge?.scheme === 'bearer' && challenge.service === 'ghcr.io',
  methods: [
    passwordMethod({
      name: 'token',
      title: 'User name and personal access token (classic)',
      username: { text: 'GitHub user name' },
      password: {
        text: 'Token',
        hint: `Make one at ${tokensPage}, with read:packages, write:packages to push, delete:packages to delete.`,
      },
      wrong: words.renew,
    }),
  ],
  ambientCredentials: ({ env, registry }: KindContext) => {
    const { GITHUB_ACTIONS, GITHUB_TOKEN, GITHUB_ACTOR } = env
    const isInActions = GITHUB_ACTIONS === 'true' && registry === 'ghcr.io'
    if (!isInActions || GITHUB_TOKEN === undefined || GITHUB_TOKEN === '') {
      return Promise.resolve(undefined)
    }
    const username = GITHUB_ACTOR ?? 'github-actions'
    const credentials = { kind: 'password', username, password: GITHUB_TOKEN } as const
    // The job ends before the token does.
    return Promise.resolve({ credentials, expiresAt: undefined })
  },
  explainRefusal: (refusal) => explainRefusal(refusal, words),
  async openApi(context, credentials) {
    const { GhcrApi } = await import('./ghcr-api.ts')
    return new GhcrApi(context, credentials, (refusal) => explainRefusal(refusal, words))
  },
}
