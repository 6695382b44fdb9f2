import { dockerHub as hubName } from '../image-reference.ts'
import type { Probe, RegistryKind } from './kind.ts'
import { passwordMethod } from './password-method.ts'
import { explainRefusal, type Explanation, type RefusalWords } from './refusals.ts'

const limitedAnonymous: Explanation = {
  meaning: 'Docker Hub allows 100 pulls in six hours to an address that is not logged in.',
  next: 'Run "berth login docker.io": a free account has twice as many, a paid one no limit.',
}
const limited: Explanation = {
  meaning:
    'The account has used up what Docker Hub allows it for now: 200 pulls in six hours without a subscription.',
  next: 'Wait for the hours to pass, subscribe, or pull through a cache of your own.',
}

const words: RefusalWords = {
  rights: {
    list: 'the permission to read this account',
    pull: 'the permission Read of the access token, or a repository that is public or shared with the account',
    push: 'the permission Read & Write of the access token, or write access to the repository',
    delete:
      'the permission Read, Write, Delete of the access token, or the role admin on the repository',
  },
  grant:
    'Make an access token with that permission at app.docker.com, Account settings, Personal access tokens; for the repository of an organisation ask one of its owners.',
  renew:
    'Check the name in the image, which begins with your Docker ID, and run "berth login docker.io" with an access token that may do this.',
  missing: {
    meaning: 'There is no such repository, and the account may not make one there.',
    next: 'Check the name: it begins with your Docker ID or with an organisation that you belong to.',
  },
}

/** Docker Hub. It does not tell a repository that does not exist from one that the account may not see. */
export const dockerHub: RegistryKind = {
  name: 'docker-hub',
  title: 'Docker Hub',
  matchesHost: (registry) => registry === hubName,
  matchesProbe: ({ challenge }: Probe) =>
    challenge?.scheme === 'bearer' && challenge.service === 'registry.docker.io',
  methods: [
    passwordMethod({
      name: 'token',
      title: 'Docker ID and access token',
      username: { text: 'Docker ID, or the name of the organisation for its access tokens' },
      password: {
        text: 'Access token',
        hint: 'Make one at app.docker.com, Account settings, Personal access tokens. A password works only without single sign-on and two-factor login.',
      },
      wrong: 'Make a new access token at app.docker.com, Account settings, Personal access tokens.',
    }),
  ],
  explainRefusal: (refusal) =>
    explainRefusal(refusal, { ...words, limited: refusal.isSignedIn ? limited : limitedAnonymous }),
  async openApi(context, credentials) {
    const { DockerHubApi } = await import('./docker-hub-api.ts')
    return new DockerHubApi(context, credentials, (refusal) => explainRefusal(refusal, words))
  },
}
