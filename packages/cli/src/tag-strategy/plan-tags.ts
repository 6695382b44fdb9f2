import { parseTagName, type TagName } from '@berth/oci/reference.ts'
import { OciError } from '@berth/oci/oci-error.ts'
import { type StrategyName, strategyNames } from './strategy-name.ts'
import { fillPattern, isPattern } from './pattern.ts'
import { sanitizeTag } from './sanitize-tag.ts'
import { higherInLine, parseVersion, versionTags } from './semver-tags.ts'

/** All that the strategies look at. Nothing else is read, so the same context gives the same tags. */
export type TagContext = {
  /** From `--version` or a git tag, as it was given. */
  readonly version: string | undefined
  /** The commit, 40 or 64 hexadecimal digits. */
  readonly revision: string | undefined
  readonly isDirty: boolean
  readonly branch: string | undefined
  readonly mainBranch: string | undefined
  readonly environment: string | undefined
  /** For `timestamp`. */
  readonly time: Date
  /** Tags of the repository; `undefined` when the registry was not asked. */
  readonly existing: ReadonlySet<string> | undefined
}

export type TagPlan = {
  /** The entry of `tags` that asks for it. */
  readonly strategy: string
  /** Missing where it could not be told what the tag would be. */
  readonly tag: TagName | undefined
  /** `set`: the registry was not asked, so whether it is there already is unknown. */
  readonly action: 'create' | 'move' | 'set' | 'leave'
  /** Why it is set, or left out. */
  readonly reason: string
}

type Wish =
  | { readonly tag: string; readonly reason: string; readonly leave?: boolean }
  | { readonly tag?: undefined; readonly reason: string; readonly leave: true }

const shortLength = 12
const tagMax = 128

/**
 * What each strategy makes of the context, in their order. A tag comes at most once; `latest` comes from the main branch
 * only, and a shorter form of the version never moves backwards, whatever asked for them.
 */
export function planTags(context: TagContext, strategies: readonly string[]): readonly TagPlan[] {
  const plans: TagPlan[] = []
  const planned = new Set<string>()
  for (const strategy of strategies) {
    for (const wish of wishesOf(strategy, context)) {
      const plan = decide(strategy, wish, context)
      if (plan.tag !== undefined && plan.action !== 'leave') {
        if (planned.has(plan.tag)) continue
        planned.add(plan.tag)
      }
      plans.push(plan)
    }
  }
  return plans
}

/** The tags that a plan sets. */
export function tagsToSet(plans: readonly TagPlan[]): readonly TagName[] {
  return plans.flatMap(({ action, tag }) => (action === 'leave' || tag === undefined ? [] : [tag]))
}

function decide(strategy: string, wish: Wish, context: TagContext): TagPlan {
  const leave = (reason: string, tag?: TagName): TagPlan => ({
    strategy,
    tag,
    action: 'leave',
    reason,
  })
  if (wish.tag === undefined) return leave(wish.reason)
  let tag: TagName
  try {
    tag = parseTagName(wish.tag)
  } catch (error) {
    if (!(error instanceof OciError)) throw error
    return leave(error.message)
  }
  if (wish.leave === true) return leave(wish.reason, tag)
  const refusal = refusalOf(tag, context)
  if (refusal !== undefined) return leave(refusal, tag)
  const { existing } = context
  const action = existing === undefined ? 'set' : existing.has(tag) ? 'move' : 'create'
  return { strategy, tag, action, reason: wish.reason }
}

/** Rules of tags that everybody knows, kept whatever strategy or pattern made the tag. */
function refusalOf(tag: string, context: TagContext): string | undefined {
  if (tag === 'latest') return latestRefusal(context)
  const version = context.version === undefined ? undefined : parseVersion(context.version)
  if (version === undefined) return undefined
  const { major, minor, prerelease } = version
  if (tag !== `${major}` && tag !== `${major}.${minor}`) return undefined
  if (prerelease.length > 0)
    return `${version.version} is a pre-release, which gets only its own tag`
  const higher = higherInLine(tag, version, context.existing ?? [])
  return higher === undefined ? undefined : `the registry has ${higher}, which is higher`
}

function latestRefusal(context: TagContext): string | undefined {
  const { branch, mainBranch } = context
  if (mainBranch === undefined) {
    return 'the main branch is not known: name it as tagging.mainBranch'
  }
  if (branch === undefined) return `the branch is not known, and only ${mainBranch} sets latest`
  if (branch !== mainBranch) return `${branch} is not the main branch, ${mainBranch}`
  const version = context.version === undefined ? undefined : parseVersion(context.version)
  if (version === undefined) return undefined
  if (version.prerelease.length > 0) return `${version.version} is a pre-release`
  const higher = higherInLine('', version, context.existing ?? [])
  return higher === undefined ? undefined : `the registry has ${higher}, which is higher`
}

function wishesOf(strategy: string, context: TagContext): readonly Wish[] {
  if (isStrategy(strategy)) return byStrategy[strategy](context)
  if (!isPattern(strategy)) return [{ tag: strategy, reason: 'a fixed name' }]
  const filled = fillPattern(strategy, valuesOf(context))
  return 'missing' in filled
    ? [{ leave: true, reason: filled.missing }]
    : [{ tag: sanitizeTag(filled.text, tagMax + 1), reason: `the pattern ${strategy}` }]
}

const byStrategy: Readonly<Record<StrategyName, (context: TagContext) => readonly Wish[]>> = {
  semver({ version, existing }) {
    if (version === undefined) {
      return [{ leave: true, reason: 'no version: give --version, or tag the commit v1.2.3' }]
    }
    const parsed = parseVersion(version)
    if (parsed === undefined) {
      return [{ leave: true, reason: `"${version}" is no semantic version such as 1.2.3` }]
    }
    return versionTags(parsed, existing ?? new Set()).map(({ tag, isSet, reason }) => ({
      tag,
      reason,
      leave: !isSet,
    }))
  },
  revision(context) {
    const revision = shortRevision(context)
    return [revision === undefined ? noRevision : { tag: revision, reason: 'the commit' }]
  },
  'branch-revision'(context) {
    const revision = shortRevision(context)
    if (revision === undefined) return [noRevision]
    if (context.branch === undefined) return [noBranch]
    const branch = sanitizeTag(context.branch, tagMax - revision.length - 1)
    return [{ tag: `${branch}-${revision}`, reason: 'the branch and the commit' }]
  },
  timestamp: ({ time }) => [{ tag: formatTime(time), reason: 'the time, in UTC' }],
  environment: ({ environment }) => [
    environment === undefined || environment === ''
      ? noEnvironment
      : { tag: sanitizeTag(environment, tagMax), reason: 'the environment' },
  ],
  latest: () => [{ tag: 'latest', reason: 'built from the main branch' }],
}

const noRevision: Wish = { leave: true, reason: 'no commit: this is no git repository' }
const noBranch: Wish = { leave: true, reason: 'no branch: the checkout is detached' }
const noEnvironment: Wish = {
  leave: true,
  reason: 'no environment: give --environment or set its variable',
}

function valuesOf(context: TagContext) {
  const version = context.version === undefined ? undefined : parseVersion(context.version)
  return {
    // Tags hold no "+", and a version in a pattern is spelt as it is alone.
    version: context.version?.replace(/^v(?=\d)/, '').replaceAll('+', '_'),
    major: version && String(version.major),
    minor: version && String(version.minor),
    patch: version && String(version.patch),
    revision: shortRevision(context),
    branch: context.branch,
    environment: context.environment === '' ? undefined : context.environment,
    timestamp: formatTime(context.time),
  }
}

function shortRevision({ revision, isDirty }: TagContext): string | undefined {
  return revision && `${revision.slice(0, shortLength)}${isDirty ? '-dirty' : ''}`
}

/** `20261127T182443Z`. */
function formatTime(time: Date): string {
  return time.toISOString().replace(/[-:]|\.\d+/g, '')
}

function isStrategy(text: string): text is StrategyName {
  return (strategyNames as readonly string[]).includes(text)
}
