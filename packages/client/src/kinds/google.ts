import type { Credentials } from '../credentials/credentials.ts'
import { ClientError } from '../client-error.ts'
import type { KindContext, RegistryKind, SignInMethod } from './kind.ts'
import { answerTo, passwordMethod } from './password-method.ts'
import { explainRefusal, type RefusalWords } from './refusals.ts'
import { checkSignIn } from './sign-in-check.ts'

const words: RefusalWords = {
  rights: {
    list: 'the role roles/artifactregistry.reader',
    pull: 'the role roles/artifactregistry.reader',
    push: 'the role roles/artifactregistry.writer',
    delete: 'the role roles/artifactregistry.repoAdmin',
  },
  grant:
    'Grant it on the repository or the project to whoever is logged in: "gcloud artifacts repositories add-iam-policy-binding".',
  renew:
    'An access token lasts for an hour: use a service account key, or let berth take the credentials of the surroundings ("gcloud auth application-default login").',
  missing: {
    meaning:
      'Artifact Registry makes no repository by itself: it has to be there before the first push.',
    next: 'Run "gcloud artifacts repositories create", and write the name as <place>-docker.pkg.dev/<project>/<repository>/<image>.',
  },
  limited: {
    meaning: 'The project has used up its requests a minute.',
    next: 'Try again later, or ask for more at console.cloud.google.com, IAM, Quotas.',
  },
}

const serviceAccount: SignInMethod = {
  name: 'service-account',
  title: 'The key of a service account (JSON)',
  questions: [
    {
      id: 'key',
      text: 'Key, the JSON on one line or in base64',
      isSecret: true,
      hint: 'Make one with "gcloud iam service-accounts keys create key.json".',
    },
  ],
  async signIn(answers, context): Promise<Credentials> {
    const key = readKey(answerTo('key', answers, context))
    const credentials = { kind: 'password', username: '_json_key', password: key } as const
    await checkSignIn(credentials, context, 'The key may have been deleted: make a new one.')
    return credentials
  },
}

const surroundings: SignInMethod = {
  name: 'adc',
  title:
    'The Google credentials of this machine (application default credentials, metadata server)',
  questions: [],
  isAmbient: true,
  async signIn(_answers, context): Promise<Credentials> {
    const { getGoogleToken } = await import('./google-token.ts')
    const token = await getGoogleToken(context)
    if (token === undefined) {
      throw new ClientError('unauthenticated', 'This machine has no Google credentials.', {
        next: 'Run "gcloud auth application-default login", or set GOOGLE_APPLICATION_CREDENTIALS.',
      })
    }
    await checkSignIn(token.credentials, context, words.renew)
    return token.credentials
  },
}

/** Google's Artifact Registry, and what is left of Container Registry. */
export const google: RegistryKind = {
  name: 'google',
  title: 'Google Artifact Registry',
  matchesHost: (registry) =>
    /^(?:(?:[a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)$/.test(registry),
  matchesProbe: ({ challenge }) =>
    challenge?.scheme === 'bearer' &&
    /(?:^|[./-])(?:gcr\.io|docker\.pkg\.dev)$/.test(challenge.service ?? ''),
  methods: [
    serviceAccount,
    surroundings,
    passwordMethod({
      name: 'token',
      title: 'An access token that "gcloud auth print-access-token" has made',
      username: { preset: 'oauth2accesstoken' },
      password: { text: 'Access token' },
      wrong: words.renew,
    }),
  ],
  async ambientCredentials(context: KindContext) {
    const { getGoogleToken } = await import('./google-token.ts')
    return await getGoogleToken(context)
  },
  explainRefusal: (refusal) => explainRefusal(refusal, words),
  async openApi(context, credentials) {
    const { GoogleApi } = await import('./google-api.ts')
    return new GoogleApi(context, credentials, (refusal) => explainRefusal(refusal, words))
  },
}

/** Throws `inputInvalid` when it is not the key of a service account; the text never gets into a message. */
function readKey(answer: string): string {
  const text = answer.trimStart().startsWith('{')
    ? answer
    : Buffer.from(answer, 'base64').toString()
  try {
    const key = JSON.parse(text) as { type?: unknown; private_key?: unknown }
    if (key.type === 'service_account' && typeof key.private_key === 'string') {
      return JSON.stringify(key)
    }
  } catch {
    // Told below.
  }
  throw new ClientError('inputInvalid', 'That is not the key of a service account.', {
    next: 'Give the whole content of the JSON file that Google made, or its base64.',
  })
}
