import type { KindName } from '@berth/client/kinds/kind.ts'

/** How a pipeline logs in to the registry. Secrets are named, never written. */
export type SignIn = {
  /** Rows of comment for the head of the file: what has to be set, and where. */
  readonly needs: readonly string[]
  /** What the CI system has to give a token for, when it vouches for the job itself. */
  readonly audience: string | undefined
  /** Variables that are no secret; the file names them. */
  readonly variables: readonly string[]
  readonly secrets: readonly string[]
  /** Shell, with `$BERTH_ID_TOKEN` at hand when there is an audience. */
  readonly script: readonly string[]
  /** Set for all later steps, with the folder of temporary files in place of `TEMP`. */
  readonly exports: Readonly<Record<string, string>>
}

const byPassword = (registry: string): SignIn => ({
  needs: ['secrets REGISTRY_USERNAME and REGISTRY_PASSWORD: a robot or token that may push'],
  audience: undefined,
  variables: [],
  secrets: ['REGISTRY_USERNAME', 'REGISTRY_PASSWORD'],
  script: [
    `printf '%s' "$REGISTRY_PASSWORD" | berth login ${registry} --username "$REGISTRY_USERNAME" --password-stdin`,
  ],
  exports: {},
})

/** By what the registry is: clouds take the job's own identity (OpenID Connect), so that no key lies anywhere. */
export function signInFor(registry: string, kind: KindName): SignIn {
  if (kind === 'ecr' && !registry.startsWith('public.')) return toAmazon(registry)
  if (kind === 'google') return toGoogle(registry)
  if (kind === 'acr') return toAzure(registry)
  return byPassword(registry)
}

function toAmazon(registry: string): SignIn {
  const region = /\.ecr(?:-fips)?\.([a-z0-9-]+)\./.exec(registry)?.[1] ?? 'us-east-1'
  return {
    needs: [
      'variable AWS_ROLE_ARN: a role that trusts this repository through OpenID Connect and may push',
    ],
    audience: 'sts.amazonaws.com',
    variables: ['AWS_ROLE_ARN'],
    secrets: [],
    script: [
      `printf '%s' "$BERTH_ID_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"`,
      `berth login ${registry} --method aws`,
    ],
    exports: { AWS_REGION: region, AWS_WEB_IDENTITY_TOKEN_FILE: 'TEMP/berth-id-token' },
  }
}

function toGoogle(registry: string): SignIn {
  const account = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/`
  return {
    needs: [
      'variable GOOGLE_WORKLOAD_IDENTITY_PROVIDER: projects/<number>/locations/global/workloadIdentityPools/<pool>/providers/<provider>',
      'variable GOOGLE_SERVICE_ACCOUNT: an account that the provider may stand for, and that may push',
      `set https://${registry} as an allowed audience of the provider`,
    ],
    audience: `https://${registry}`,
    variables: ['GOOGLE_WORKLOAD_IDENTITY_PROVIDER', 'GOOGLE_SERVICE_ACCOUNT'],
    secrets: [],
    script: [
      `printf '%s' "$BERTH_ID_TOKEN" > "$BERTH_ID_TOKEN_FILE"`,
      [
        `printf '{"type":"external_account","audience":"//iam.googleapis.com/%s",`,
        `"subject_token_type":"urn:ietf:params:oauth:token-type:jwt","token_url":"https://sts.googleapis.com/v1/token",`,
        `"service_account_impersonation_url":"${account}%s:generateAccessToken","credential_source":{"file":"%s"}}'`,
        ` "$GOOGLE_WORKLOAD_IDENTITY_PROVIDER" "$GOOGLE_SERVICE_ACCOUNT" "$BERTH_ID_TOKEN_FILE" > "$GOOGLE_APPLICATION_CREDENTIALS"`,
      ].join(''),
      `berth login ${registry} --method adc`,
    ],
    exports: {
      BERTH_ID_TOKEN_FILE: 'TEMP/berth-id-token',
      GOOGLE_APPLICATION_CREDENTIALS: 'TEMP/berth-google.json',
    },
  }
}

function toAzure(registry: string): SignIn {
  return {
    needs: [
      'variables AZURE_CLIENT_ID and AZURE_TENANT_ID: an application with a federated credential for this repository, and the role AcrPush',
    ],
    audience: 'api://AzureADTokenExchange',
    variables: ['AZURE_CLIENT_ID', 'AZURE_TENANT_ID'],
    secrets: [],
    script: [
      `printf '%s' "$BERTH_ID_TOKEN" > "$AZURE_FEDERATED_TOKEN_FILE"`,
      `berth login ${registry} --method identity`,
    ],
    exports: { AZURE_FEDERATED_TOKEN_FILE: 'TEMP/berth-id-token' },
  }
}
