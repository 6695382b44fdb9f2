import { parseRegistryHost } from '../image-reference.ts'
import type { KindContext, RegistryKind } from './kind.ts'
import { passwordMethod } from './password-method.ts'
import { explainRefusal, type RefusalWords } from './refusals.ts'

const words: RefusalWords = {
  rights: {
    list: 'the scope read_registry',
    pull: 'the scope read_registry, and at least the role Reporter in the project',
    push: 'the scope write_registry, and at least the role Developer in the project; a protected tag or repository asks for more',
    delete:
      'the scope api, and at least the role Developer in the project; a protected tag or repository asks for more',
  },
  grant:
    'Make a token with the scope, and let a Maintainer give the role: the project, Manage, Members; CI jobs of other projects are allowed under Settings, CI/CD, Job token permissions.',
  renew:
    'Tokens run out: make a new one under Access tokens or Deploy tokens in GitLab and log in again.',
  missing: {
    meaning:
      'The name has to begin with the path of a project whose container registry is switched on.',
    next: 'Write it as <host>/<group>/<project>[/<image>], and look at Settings, General, Visibility.',
  },
}

/** The container registry of GitLab, gitlab.com's and those of others. */
export const gitlab: RegistryKind = {
  name: 'gitlab',
  title: 'GitLab Container Registry',
  matchesHost: (registry) => registry === 'registry.gitlab.com',
  matchesProbe: ({ challenge }) =>
    challenge?.scheme === 'bearer' &&
    challenge.service === 'container_registry' &&
    challenge.realm.endsWith('/jwt/auth'),
  methods: [
    passwordMethod({
      name: 'token',
      title: 'User name and personal, project, group or deploy token',
      username: { text: 'User name, or that of the deploy token' },
      password: {
        text: 'Token',
        hint: 'With the scopes read_registry and write_registry, from Access tokens or Deploy tokens in GitLab.',
      },
      wrong: words.renew,
    }),
  ],
  ambientCredentials: ({ env, registry }: KindContext) => {
    const { CI_REGISTRY, CI_REGISTRY_USER, CI_REGISTRY_PASSWORD } = env
    const isHere =
      CI_REGISTRY !== undefined && CI_REGISTRY !== '' && hostOf(CI_REGISTRY) === registry
    if (!isHere || CI_REGISTRY_USER === undefined || CI_REGISTRY_PASSWORD === undefined) {
      return Promise.resolve(undefined)
    }
    const credentials = {
      kind: 'password',
      username: CI_REGISTRY_USER,
      password: CI_REGISTRY_PASSWORD,
    } as const
    // The token lives as long as the job.
    return Promise.resolve({ credentials, expiresAt: undefined })
  },
  explainRefusal: (refusal) => explainRefusal(refusal, words),
}

function hostOf(text: string): string | undefined {
  try {
    return parseRegistryHost(text)
  } catch {
    return undefined
  }
}
