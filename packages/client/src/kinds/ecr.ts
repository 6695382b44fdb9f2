import type { Credentials } from '../credentials/credentials.ts'
import { getEcrToken, isEcrHost, isEcrPublic, readEcrHost } from './ecr-token.ts'
import type { KindContext, RegistryKind, SignInMethod } from './kind.ts'
import { answerTo, passwordMethod } from './password-method.ts'
import { explainRefusal, type Explanation, type RefusalWords } from './refusals.ts'
import { checkSignIn } from './sign-in-check.ts'

const words: RefusalWords = {
  rights: {
    list: 'the IAM actions ecr:DescribeRepositories and ecr:DescribeImages',
    pull: 'the IAM actions ecr:BatchGetImage and ecr:GetDownloadUrlForLayer',
    push: 'one of the IAM actions ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, ecr:UploadLayerPart, ecr:CompleteLayerUpload and ecr:PutImage',
    delete: 'the IAM action ecr:BatchDeleteImage',
  },
  grant:
    'Allow it in the IAM policy of the user or role, or in the policy of the repository; for another account both are needed.',
  renew:
    'A token lasts for twelve hours: with AWS credentials in the surroundings berth makes a new one by itself, else run "berth login" again; ecr:GetAuthorizationToken has to be allowed.',
}

const limited: Explanation = {
  meaning: 'The account makes more requests a second than Amazon ECR allows.',
  next: 'Try again later, or ask AWS for a higher quota of the rate.',
}

const chain: SignInMethod = {
  name: 'aws',
  title: 'The AWS credentials of this machine (environment, profile, single sign-on, role)',
  questions: [],
  isAmbient: true,
  async signIn(_answers, context): Promise<Credentials> {
    const { credentials } = await getEcrToken(context)
    await checkSignIn(credentials, context, words.renew)
    return credentials
  },
}

const accessKey: SignInMethod = {
  name: 'access-key',
  title: 'An AWS access key, for twelve hours',
  questions: [
    { id: 'accessKeyId', text: 'Access key ID', isSecret: false },
    {
      id: 'secretAccessKey',
      text: 'Secret access key',
      isSecret: true,
      hint: 'Only the token that is made with it is stored, and lasts for twelve hours.',
    },
  ],
  async signIn(answers, context): Promise<Credentials> {
    const { credentials } = await getEcrToken(context, {
      accessKeyId: answerTo('accessKeyId', answers, context),
      secretAccessKey: answerTo('secretAccessKey', answers, context),
    })
    await checkSignIn(credentials, context, words.renew)
    return credentials
  },
}

/** Amazon's registry, the private ones of an account and the public gallery. */
export const ecr: RegistryKind = {
  name: 'ecr',
  title: 'Amazon Elastic Container Registry',
  matchesHost: (registry) => isEcrHost(registry),
  matchesProbe: ({ challenge }) =>
    challenge?.scheme === 'basic' &&
    challenge.realm !== undefined &&
    /^https:\/\/[^/]+\.dkr\.ecr(?:-fips)?\.[^/]+\/$/.test(challenge.realm),
  methods: [
    chain,
    accessKey,
    passwordMethod({
      name: 'token',
      title: 'A token that "aws ecr get-login-password" has made',
      username: { preset: 'AWS' },
      password: { text: 'Token' },
      wrong: words.renew,
    }),
  ],
  async ambientCredentials(context: KindContext) {
    if (isEcrPublic(context.registry) || !(await hasAwsCredentials(context))) return undefined
    return await getEcrToken(context)
  },
  explainRefusal: (refusal) =>
    explainRefusal(refusal, { ...words, limited, missing: missingRepository(refusal.repository) }),
  async openApi(context) {
    const { EcrApi } = await import('./ecr-api.ts')
    return new EcrApi(context)
  },
}

/** Without any of these, asking the SDK ends in a wait for a metadata server that is not there. */
async function hasAwsCredentials({ env, registry }: KindContext): Promise<boolean> {
  const names = [
    'AWS_ACCESS_KEY_ID',
    'AWS_PROFILE',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    'AWS_SHARED_CREDENTIALS_FILE',
  ]
  if (names.some((name) => (env[name] ?? '') !== '')) return true
  const { existsSync } = await import('node:fs')
  const home = env.HOME ?? env.USERPROFILE
  if (home !== undefined && existsSync(`${home}/.aws`)) return true
  // Only a machine in AWS has a role of its own, and only there is the registry asked for by its real name.
  return readEcrHost(registry) !== undefined && isAmazonMachine()
}

async function isAmazonMachine(): Promise<boolean> {
  const { readFile } = await import('node:fs/promises')
  try {
    return (await readFile('/sys/class/dmi/id/sys_vendor', 'utf8')).startsWith('Amazon')
  } catch {
    return false
  }
}

function missingRepository(repository: string | undefined): Explanation {
  return {
    meaning: 'Amazon ECR makes no repository by itself: it has to be there before the first push.',
    next: `Run "aws ecr create-repository --repository-name ${repository ?? '<name>'}", or set up a template for repositories that are created on push.`,
  }
}
