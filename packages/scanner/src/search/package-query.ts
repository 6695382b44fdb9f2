import { parsePurl } from '../sbom/purl-package.ts'
import { type CataloguedPackage, type PackageKind, packageKinds } from '../package.ts'
import {
  compareVersions,
  InvalidVersion,
  schemeOf,
  type VersionScheme,
} from '../versions/compare.ts'

type Operator = '<' | '<=' | '>' | '>=' | '=' | '!='

/** One bound of a version. */
export type VersionConstraint = { readonly operator: Operator; readonly version: string }

/** What somebody looks for: `log4j-core<2.17`. */
export type PackageQuery = {
  /** Only packages of this kind; absent: of any. */
  readonly kind?: PackageKind
  /**
   * A package's whole name as the catalogue spells it, or its last part: `log4j-core` finds
   * `org.apache.logging.log4j:log4j-core`.
   */
  readonly name: string
  /** All of them have to hold; empty: every version. */
  readonly constraints: readonly VersionConstraint[]
}

/** A query that cannot be read. The message says what is wrong, where, and how it is meant. */
export class InvalidPackageQuery extends Error {
  override readonly name = 'InvalidPackageQuery'
}

const operators: readonly Operator[] = ['<', '<=', '>', '>=', '=', '!=']
const maximumLength = 512
const maximumConstraints = 16
const example =
  'write for example log4j-core<2.17, openssl>=3.0.0,<3.0.7 or pkg:npm/lodash@<4.17.21'

/**
 * Reads a search for packages: a name (or `pkg:<type>/<name>`), and versions: `<`, `<=`, `>`, `>=`, `=` (`==`, or `@1.2`)
 * and `!=`, several with commas between them. Throws `InvalidPackageQuery`.
 */
export function parsePackageQuery(text: string): PackageQuery {
  if (text.length > maximumLength) {
    throw new InvalidPackageQuery(`the search is longer than ${maximumLength} characters`)
  }
  const trimmed = text.trim()
  // A scope stands at the start: its @ is part of the name.
  const at = trimmed.slice(1).search(/[<>=!@]/) + 1
  const purlEnd = trimmed.startsWith('pkg:') ? versionStart(trimmed) : undefined
  const end = purlEnd ?? (at === 0 ? trimmed.length : at)
  const subject = trimmed.slice(0, end).trim()
  const constraints = constraintsOf(trimmed.slice(end).trim())
  if (subject.startsWith('pkg:')) return { ...packageOf(subject), constraints }
  if (!/^[^\s,<>=!]+$/.test(subject)) {
    throw new InvalidPackageQuery(
      subject === ''
        ? `the search names no package: ${example}`
        : `${JSON.stringify(subject)} is no name of a package: ${example}`,
    )
  }
  return { name: subject, constraints }
}

/** Where the version of a package URL begins; a scope may be written with its @. */
function versionStart(text: string): number | undefined {
  return /^pkg:[a-z]+\/@?[^@<>=!]*/i.exec(text)?.[0].length
}

function packageOf(text: string): Pick<PackageQuery, 'kind' | 'name'> {
  const [, type, rest] = /^pkg:([a-z]+)\/(.+)$/i.exec(text) ?? []
  const kind = packageKinds.find((candidate) => candidate === type?.toLowerCase())
  if (kind === undefined || rest === undefined) {
    throw new InvalidPackageQuery(
      `${JSON.stringify(text)} is no package URL of a known type (${packageKinds.join(', ')}): ${example}`,
    )
  }
  const parsed = parsePurl(`pkg:${kind}/${rest.replace(/^@/, '%40')}`)
  if (parsed === undefined) {
    throw new InvalidPackageQuery(`${JSON.stringify(text)} is no package URL: ${example}`)
  }
  const isOfDistribution = kind === 'deb' || kind === 'rpm' || kind === 'apk'
  const namespace = isOfDistribution ? '' : (parsed.namespace ?? '')
  const separator = kind === 'maven' ? ':' : '/'
  return { kind, name: namespace === '' ? parsed.name : `${namespace}${separator}${parsed.name}` }
}

function constraintsOf(text: string): VersionConstraint[] {
  if (text === '') return []
  const parts = text.replace(/^@\s*/, '').split(',')
  if (parts.length > maximumConstraints) {
    throw new InvalidPackageQuery(`the search has more than ${maximumConstraints} versions`)
  }
  const isPlain = text.startsWith('@')
  return parts.map((part, index) => {
    const found = /^\s*(<=|>=|==|!=|<|>|=)?\s*([^\s<>=!]+)\s*$/.exec(part)
    const operator = found?.[1]
    const version = found?.[2]
    if (version === undefined || (operator === undefined && !(isPlain && index === 0))) {
      throw new InvalidPackageQuery(
        `${JSON.stringify(part.trim())} is no comparison with a version: ${example}`,
      )
    }
    return { operator: operatorOf(operator), version }
  })
}

/** `==` is said by people who write programs. */
function operatorOf(text: string | undefined): Operator {
  return operators.find((operator) => operator === text) ?? '='
}

/** Whether a package has the name (and kind) that is looked for. Case does not count. */
export function matchesName(
  query: Pick<PackageQuery, 'kind' | 'name'>,
  found: Pick<CataloguedPackage, 'kind' | 'name'>,
): boolean {
  if (query.kind !== undefined && query.kind !== found.kind) return false
  const [wanted, name] = [query.name.toLowerCase(), found.name.toLowerCase()]
  return name === wanted || name.endsWith(`:${wanted}`) || name.endsWith(`/${wanted}`)
}

/**
 * Whether a version meets all constraints by the rules of its scheme. `undefined` when that cannot be told because one of
 * the versions is none of the scheme: to be shown as undetermined, not left out.
 */
export function matchesConstraints(
  scheme: VersionScheme,
  version: string,
  constraints: readonly VersionConstraint[],
): boolean | undefined {
  let isUndetermined = false
  for (const constraint of constraints) {
    try {
      const order = compareVersions(scheme, version, constraint.version)
      if (!holds(constraint.operator, order)) return false
    } catch (error) {
      if (!(error instanceof InvalidVersion)) throw error
      if (version === constraint.version && constraint.operator === '=') continue
      isUndetermined = true
    }
  }
  return isUndetermined ? undefined : true
}

/** Whether a package is what a query looks for; `undefined` as for `matchesConstraints`. */
export function matchesQuery(
  query: PackageQuery,
  found: Pick<CataloguedPackage, 'kind' | 'name' | 'version'>,
): boolean | undefined {
  if (!matchesName(query, found)) return false
  return matchesConstraints(schemeOf(found.kind), found.version, query.constraints)
}

function holds(operator: Operator, order: number): boolean {
  switch (operator) {
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
    case '=':
      return order === 0
    case '!=':
      return order !== 0
  }
}
