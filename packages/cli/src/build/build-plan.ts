import { resolve } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import { formatRepositoryAddress } from '@berth/client/image-reference.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import { OciError } from '@berth/oci/oci-error.ts'
import { formatPlatform, parsePlatform } from '@berth/oci/platform.ts'
import type { TagName } from '@berth/oci/reference.ts'
import { type GitState, readGitState } from '../git.ts'
import type { Output } from '../output.ts'
import { type TagPlan, tagsToSet } from '../tag-strategy/plan-tags.ts'
import { planServiceTags, readEpoch, readTagContext } from '../tag-strategy/read-tag-context.ts'
import { type BuildFile, readBuildFile, type Service } from './build-file.ts'
import { findDockerfiles } from './find-dockerfiles.ts'
import { imageLabels } from './image-labels.ts'
import { selectServices } from './select-services.ts'

export type PlanOptions = {
  readonly file: string
  readonly services: readonly string[]
  /** Instead of those of the file. */
  readonly platforms: readonly string[]
  readonly version: string | undefined
  readonly environment: string | undefined
  /** `${NAME}` of the file, over the environment. */
  readonly variables: Readonly<Record<string, string>>
}

export type ServicePlan = {
  readonly service: Service
  readonly dockerfile: string
  /** `undefined`: the platform of the builder. */
  readonly platforms: readonly string[] | undefined
  readonly tagPlans: readonly TagPlan[]
  readonly tags: readonly TagName[]
  readonly labels: Readonly<Record<string, string>>
}

export type BuildPlan = {
  readonly file: BuildFile
  readonly git: GitState
  readonly version: string | undefined
  /** Seconds since 1970: `SOURCE_DATE_EPOCH`, else the time of the commit. */
  readonly epoch: number | undefined
  /** Whether `SOURCE_DATE_EPOCH` was set, as by somebody to whom the digest matters. */
  readonly isReproducible: boolean
  /** Dependencies first. */
  readonly services: readonly ServicePlan[]
}

/**
 * Finds out all that a build needs, before anything is built: the file, the commit, Dockerfiles, tags. With `client` the
 * registry is asked for the tags that it has. Throws `inputInvalid`, `notFound` and whatever the registry is at fault.
 */
export async function planBuild(
  options: PlanOptions,
  output: Output,
  client: RegistryClient | undefined,
  signal: AbortSignal,
): Promise<BuildPlan> {
  const { env, cwd } = output.terminal
  const file = await readBuildFile(resolve(cwd, options.file), {
    variables: { ...env, ...options.variables },
  })
  const services = selectServices(file, options.services)
  const dockerfiles = await findDockerfiles(services)
  const git = await readGitState(file.folder, env, signal)
  if (git.fault !== undefined) output.warn(`git cannot be asked about ${file.folder}: ${git.fault}`)
  const { version, environment } = options
  const tagContext = readTagContext(file, git, { version, environment, env })
  const tagPlans = await planServiceTags(services, tagContext, { env, client, signal })
  const commit = git.commitDate === undefined ? undefined : git.commitDate.getTime() / 1000
  const given = readEpoch(env)
  const epoch = given ?? commit
  const created = epoch === undefined ? new Date() : new Date(epoch * 1000)
  const wanted = options.platforms.length === 0 ? undefined : readPlatforms(options.platforms)
  return {
    file,
    git,
    version: tagContext.version,
    epoch,
    isReproducible: given !== undefined,
    services: services.map((service, at): ServicePlan => {
      const plans = tagPlans[at] ?? []
      const tags = tagsToSet(plans)
      return {
        service,
        dockerfile: dockerfiles.get(service.name) ?? '',
        platforms: wanted ?? service.platforms,
        tagPlans: plans,
        tags,
        labels: imageLabels(service, { git, version: tagContext.version, created, tag: tags[0] }),
      }
    }),
  }
}

/** Throws `inputInvalid` when there is a service that nothing would point at once it is pushed. */
export function requireTags({ services }: BuildPlan): void {
  const bare = services.find(({ tags }) => tags.length === 0)
  if (bare === undefined) return
  const reasons = bare.tagPlans.map(({ strategy, reason }) => `\n  ${strategy}: ${reason}`).join('')
  throw new ClientError(
    'inputInvalid',
    `No tag can be set for ${bare.service.name} at ${formatRepositoryAddress(bare.service.address)}:${reasons}`,
    { next: 'Give --version, or add a strategy or a fixed name to "tags" of the service.' },
  )
}

function readPlatforms(texts: readonly string[]): readonly string[] {
  try {
    return [...new Set(texts.map((text) => formatPlatform(parsePlatform(text))))]
  } catch (error) {
    if (error instanceof OciError)
      throw new ClientError('inputInvalid', error.message, { cause: error })
    throw error
  }
}
