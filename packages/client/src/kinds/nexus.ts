import type { RegistryKind } from './kind.ts'
import { passwordMethod } from './password-method.ts'
import { explainRefusal, type RefusalWords } from './refusals.ts'

const words: RefusalWords = {
  rights: {
    list: 'the privilege nx-repository-view-docker-<repository>-browse',
    pull: 'the privileges nx-repository-view-docker-<repository>-read and -browse',
    push: 'the privileges nx-repository-view-docker-<repository>-add and -edit, or the repository allows no redeploy of a tag that is there',
    delete: 'the privilege nx-repository-view-docker-<repository>-delete',
  },
  grant: 'An administrator gives it to a role of the user: Administration, Security, Roles.',
  renew:
    'Check the name and the password, or make a new user token in your Nexus profile; without the "Docker Bearer Token Realm" Nexus takes no logins of clients that want tokens.',
  missing: {
    meaning:
      'Nexus takes pushes only at the port, the path or the subdomain of a hosted repository, not at those of a proxy.',
    next: 'Ask for the connector of the hosted repository, and push there.',
  },
}

/** Sonatype Nexus Repository. */
export const nexus: RegistryKind = {
  name: 'nexus',
  title: 'Sonatype Nexus Repository',
  matchesHost: () => false,
  matchesProbe: ({ headers, challenge }) =>
    String(headers.server ?? '').startsWith('Nexus/') ||
    (challenge?.scheme === 'basic' && challenge.realm === 'Sonatype Nexus Repository Manager'),
  methods: [
    passwordMethod({
      title: 'User name and password, or both parts of a user token',
      username: { text: 'User name, or the name code of the user token' },
      password: { text: 'Password, or the pass code of the user token' },
      wrong: words.renew,
    }),
  ],
  explainRefusal: (refusal) => explainRefusal(refusal, words),
}
