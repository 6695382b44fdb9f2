import { ClientError, isClientError } from '@berth/client/client-error.ts'
import type { RepositoryAddress } from '@berth/client/image-reference.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { BuildFile, Service } from '../build/build-file.ts'
import type { GitState } from '../git.ts'
import { planTags, type TagContext, type TagPlan } from './plan-tags.ts'
import { compareVersions, parseVersion } from './semver-tags.ts'

type TagOptions = {
  readonly version?: string | undefined
  readonly environment?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Asked for the tags that there are; without it nobody is asked. */
  readonly client?: RegistryClient | undefined
  readonly signal?: AbortSignal | undefined
}

const tagsMax = 100_000

/** What the strategies look at, the same for all services of a file, without the tags that a registry has. */
export function readTagContext(
  file: BuildFile,
  git: GitState,
  { version, environment, env }: TagOptions,
): Omit<TagContext, 'existing'> {
  const { tagging } = file
  if (tagging.refuseDirty && git.isDirty) {
    throw new ClientError(
      'inputInvalid',
      `The working tree at ${file.folder} has changes that no commit holds.`,
      {
        next: 'Commit or stash them, or set tagging.refuseDirty to false in berth.yaml.',
      },
    )
  }
  const epoch = readEpoch(env)
  return {
    version: version ?? versionOfTags(git.tags, tagging.versionPrefix),
    revision: git.revision,
    isDirty: git.isDirty,
    branch: git.branch,
    mainBranch: tagging.mainBranch ?? git.mainBranch,
    environment: environment ?? env[tagging.environmentVariable],
    time: epoch === undefined ? new Date() : new Date(epoch * 1000),
  }
}

/** The tags of each service, in the order of the services. Registries are asked at the same time. */
export async function planServiceTags(
  services: readonly Service[],
  context: Omit<TagContext, 'existing'>,
  { client, signal }: TagOptions,
): Promise<readonly (readonly TagPlan[])[]> {
  return Promise.all(
    services.map(async ({ address, tags }) => {
      const existing = client && (await readTags(client, address, signal))
      return planTags({ ...context, existing }, tags)
    }),
  )
}

/** `SOURCE_DATE_EPOCH`, in seconds since 1970; `undefined` when it is not set. Throws `inputInvalid`. */
export function readEpoch(env: Readonly<Record<string, string | undefined>>): number | undefined {
  const text = env.SOURCE_DATE_EPOCH
  if (text === undefined || text === '') return undefined
  if (/^\d{1,11}$/.test(text)) return Number(text)
  throw new ClientError(
    'inputInvalid',
    `SOURCE_DATE_EPOCH is "${text}", which is no number of seconds since 1970.`,
  )
}

/** The highest version among the git tags on the commit. */
function versionOfTags(tags: readonly string[], prefix: string): string | undefined {
  const versions = tags.flatMap((tag) => {
    const version = tag.startsWith(prefix) ? parseVersion(tag.slice(prefix.length)) : undefined
    return version === undefined ? [] : [version]
  })
  return versions.sort((a, b) => compareVersions(b, a))[0]?.raw
}

async function readTags(
  client: RegistryClient,
  address: RepositoryAddress,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const tags = new Set<string>()
  try {
    for await (const tag of client.repository(address).listTags(signal)) {
      tags.add(tag)
      if (tags.size > tagsMax) {
        throw new ClientError(
          'unsupported',
          `${address.registry}/${address.repository} has more than ${tagsMax} tags.`,
        )
      }
    }
  } catch (error) {
    // The first push makes the repository.
    if (!isClientError(error, 'notFound')) throw error
  }
  return tags
}
