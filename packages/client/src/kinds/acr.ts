import { ClientError } from '../client-error.ts'
import type { Credentials } from '../credentials/credentials.ts'
import type { KindContext, RegistryKind, SignInMethod } from './kind.ts'
import { answerTo, passwordMethod } from './password-method.ts'
import { explainRefusal, type RefusalWords } from './refusals.ts'
import { checkSignIn } from './sign-in-check.ts'

const words: RefusalWords = {
  rights: {
    list: 'the role AcrPull (Container Registry Repository Catalog Lister where the registry uses repository permissions)',
    pull: 'the role AcrPull (Container Registry Repository Reader where the registry uses repository permissions), or content/read in the scope map of the token',
    push: 'the role AcrPush (Container Registry Repository Writer where the registry uses repository permissions), or content/write in the scope map of the token',
    delete:
      'the role AcrDelete (Container Registry Repository Contributor where the registry uses repository permissions), or content/delete in the scope map of the token',
  },
  grant:
    'Assign the role on the registry to whoever is logged in: portal.azure.com, the registry, Access control (IAM); scope maps are under Repository permissions there.',
  renew:
    'A login through Microsoft Entra lasts for three hours: let berth take the identity of the surroundings, or log in with a service principal or a token of the registry.',
}

const servicePrincipal: SignInMethod = {
  name: 'service-principal',
  title: 'A service principal with its secret',
  questions: [
    { id: 'tenant', text: 'Tenant ID or domain', isSecret: false },
    { id: 'clientId', text: 'Application (client) ID', isSecret: false },
    { id: 'clientSecret', text: 'Client secret', isSecret: true },
  ],
  async signIn(answers, context): Promise<Credentials> {
    const { exchangeForRegistry, getEntraToken } = await import('./acr-token.ts')
    const tenant = answerTo('tenant', answers, context)
    const clientId = answerTo('clientId', answers, context)
    const clientSecret = answerTo('clientSecret', answers, context)
    // Entra says at once, and why, when the secret is wrong or has run out; the registry only says no.
    const entraToken = await getEntraToken({ tenant, clientId, clientSecret }, context)
    await exchangeForRegistry(entraToken, tenant, context)
    // The registry takes these as they are, for as long as the secret lasts; what was exchanged lasts three hours.
    return { kind: 'password', username: clientId, password: clientSecret }
  },
}

const surroundings: SignInMethod = {
  name: 'identity',
  title:
    'The Azure identity of this machine (workload identity, managed identity, service principal in the environment)',
  questions: [],
  isAmbient: true,
  async signIn(_answers, context): Promise<Credentials> {
    const { getAmbientAcrToken } = await import('./acr-token.ts')
    const found = await getAmbientAcrToken(context)
    if (found === undefined) {
      throw new ClientError('unauthenticated', 'This machine has no Azure identity.', {
        next: 'Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or AZURE_FEDERATED_TOKEN_FILE, or give the machine a managed identity and set AZURE_CLIENT_ID.',
      })
    }
    await checkSignIn(found.credentials, context, words.renew)
    return found.credentials
  },
}

/** Azure Container Registry. */
export const acr: RegistryKind = {
  name: 'acr',
  title: 'Azure Container Registry',
  matchesHost: (registry) =>
    /^[a-z0-9-]+(?:\.[a-z0-9-]+\.data)?\.azurecr\.(?:io|us|cn)$/.test(registry),
  matchesProbe: ({ challenge, origin }) =>
    challenge?.scheme === 'bearer' && challenge.realm === `${origin}/oauth2/token`,
  methods: [
    passwordMethod({
      name: 'token',
      title: 'A token of the registry (scope map), or its admin user',
      username: { text: 'Name of the token' },
      password: {
        text: 'Password of the token',
        hint: 'Make one at portal.azure.com, the registry, Repository permissions, Tokens.',
      },
      wrong: 'Generate a new password for the token at portal.azure.com, the registry, Tokens.',
    }),
    servicePrincipal,
    surroundings,
  ],
  async ambientCredentials(context: KindContext) {
    const { getAmbientAcrToken } = await import('./acr-token.ts')
    return await getAmbientAcrToken(context)
  },
  explainRefusal: (refusal) => explainRefusal(refusal, words),
  async openApi(context, credentials) {
    const { AcrApi } = await import('./acr-api.ts')
    return new AcrApi(context, credentials, (refusal) => explainRefusal(refusal, words))
  },
}
