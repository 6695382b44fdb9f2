import { isJsonObject, type JsonObject } from '@berth/oci/json-guard.ts'
import { stringMembers } from '../json.ts'
import type { Predicate } from './read-predicate.ts'

/** Something that went into a build. `digest` is `algorithm:value`, of the best algorithm that is given; else empty. */
export type BuildMaterial = { readonly uri: string; readonly digest: string }

/** What a provenance says of a build, whichever version of SLSA it is written in. A text is empty when it says nothing. */
export type BuildFacts = {
  readonly builder: string
  readonly buildType: string
  /** What was built, and where in it the build is described. */
  readonly source: BuildMaterial | undefined
  readonly entryPoint: string
  /** The run of the builder, often an address. */
  readonly invocation: string
  readonly startedOn: string | undefined
  readonly finishedOn: string | undefined
  readonly materials: readonly BuildMaterial[]
}

type Digests = Readonly<Record<string, string>>

const algorithms = ['gitCommit', 'sha256', 'sha512', 'sha1']
/** BuildKit's own part of the metadata, in provenance 0.2. */
const buildKit = 'https://mobyproject.org/buildkit@v1#metadata'

/** Undefined for any other kind of predicate. */
export function buildFactsOf({ kind, value }: Predicate): BuildFacts | undefined {
  if (kind === 'slsaProvenance02') {
    const { metadata, invocation } = value
    const materials = (value.materials ?? []).map(toMaterial)
    const config = invocation?.configSource
    return {
      builder: value.builder.id,
      buildType: value.buildType,
      source: sourceOf(config, objectIn(metadata, buildKit), materials),
      entryPoint: config?.entryPoint ?? '',
      invocation: textIn(metadata, 'buildInvocationID') || textIn(metadata, 'buildInvocationId'),
      startedOn: metadata?.buildStartedOn,
      finishedOn: metadata?.buildFinishedOn,
      materials,
    }
  }
  if (kind !== 'slsaProvenance') return undefined
  const { buildDefinition, runDetails } = value
  const { externalParameters: asked } = buildDefinition
  const { metadata, builder } = runDetails
  const materials = (buildDefinition.resolvedDependencies ?? []).map(toMaterial)
  const config = objectIn(asked, 'configSource')
  const workflow = objectIn(asked, 'workflow')
  return {
    builder: builder.id,
    buildType: buildDefinition.buildType,
    source:
      sourceOfWorkflow(workflow, materials) ??
      sourceOf(config, objectIn(metadata, 'buildkit_metadata'), materials),
    entryPoint: textIn(workflow, 'path') || textIn(config, 'path'),
    invocation: metadata?.invocationId ?? '',
    startedOn: metadata?.startedOn,
    finishedOn: metadata?.finishedOn,
    materials,
  }
}

/** As GitHub Actions writes it: the commit stands among the materials. */
function sourceOfWorkflow(
  workflow: JsonObject | undefined,
  materials: readonly BuildMaterial[],
): BuildMaterial | undefined {
  const repository = textIn(workflow, 'repository')
  if (repository === '') return undefined
  const ref = textIn(workflow, 'ref')
  const built = materials.find(({ uri }) => uri.startsWith(`git+${repository}@`))
  return { uri: ref === '' ? repository : `${repository}@${ref}`, digest: built?.digest ?? '' }
}

/** What the builder was pointed at, else what BuildKit saw of version control, else the first repository among the materials. */
function sourceOf(
  config: { uri?: unknown; digest?: unknown } | undefined,
  seen: JsonObject | undefined,
  materials: readonly BuildMaterial[],
): BuildMaterial | undefined {
  if (typeof config?.uri === 'string' && config.uri !== '') {
    return toMaterial({ uri: config.uri, digest: stringMembers(config.digest) })
  }
  const vcs = objectIn(seen, 'vcs')
  const uri = textIn(vcs, 'source')
  if (uri !== '') {
    const revision = textIn(vcs, 'revision')
    return { uri, digest: revision === '' ? '' : `gitCommit:${revision}` }
  }
  return materials.find((material) => material.uri.startsWith('git+'))
}

function toMaterial(given: {
  uri?: string | undefined
  name?: string | undefined
  digest?: Digests | undefined
}): BuildMaterial {
  const digest = given.digest ?? {}
  const algorithm = algorithms.find((name) => Object.hasOwn(digest, name)) ?? Object.keys(digest)[0]
  return {
    uri: given.uri ?? given.name ?? '',
    digest: algorithm === undefined ? '' : `${algorithm}:${digest[algorithm]}`,
  }
}

function objectIn(value: unknown, name: string): JsonObject | undefined {
  const member = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return isJsonObject(member) ? member : undefined
}

function textIn(value: unknown, name: string): string {
  const member = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return typeof member === 'string' ? member : ''
}
