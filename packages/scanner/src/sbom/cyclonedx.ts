import { z } from 'zod'
import { Unreadable } from '../detector.ts'
import type { NotCovered } from '../package.ts'
import type { SbomDistribution, SbomEntries, SbomEntry } from './entry.ts'

const property = z.object({ name: z.string(), value: z.string().optional() })
const license = z.object({
  license: z.object({ id: z.string().optional(), name: z.string().optional() }).optional(),
  expression: z.string().optional(),
})
const component = z.object({
  type: z.string().optional(),
  name: z.string(),
  version: z.string().optional(),
  purl: z.string().optional(),
  licenses: z.array(license).optional(),
  properties: z.array(property).optional(),
  supplier: z.object({ name: z.string().optional() }).optional(),
  components: z.array(z.unknown()).optional(),
})
const cycloneDx = z.object({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string(),
  metadata: z
    .object({ component: component.optional(), properties: z.array(property).optional() })
    .optional(),
  components: z.array(z.unknown()).optional(),
})

type Component = z.infer<typeof component>

/** Components in components. */
const maximumDepth = 32
const readVersions = ['1.2', '1.3', '1.4', '1.5', '1.6', '1.7']
/** Kinds of components that are no installed packages, whether they have a package URL or not. */
const otherTypes = new Set([
  'file',
  'data',
  'device',
  'device-driver',
  'platform',
  'machine-learning-model',
  'cryptographic-asset',
])

/** Whether a document calls itself CycloneDX. */
export function isCycloneDx(document: unknown): boolean {
  return typeof document === 'object' && document !== null && 'bomFormat' in document
}

/**
 * The entries of a CycloneDX document (JSON, 1.2 to 1.7; https://cyclonedx.org/docs/1.6/json/). Throws `Unreadable` for
 * another form, with its place, and beyond `maximumEntries` or 32 components in one another.
 */
export function readCycloneDx(document: unknown, maximumEntries: number): SbomEntries {
  const { specVersion } = z
    .object({ specVersion: z.string() })
    .catch({ specVersion: '?' })
    .parse(document)
  if (!readVersions.includes(specVersion)) {
    throw new Unreadable(
      `CycloneDX ${specVersion.slice(0, 20)} is not read, only ${readVersions[0]} to ${readVersions.at(-1)}`,
    )
  }
  const parsed = checked(cycloneDx, document, 'the document')
  const components = [...walk(parsed.components ?? [], 'components', maximumEntries)]
  const system = components.find(({ type }) => type === 'operating-system')
  const distribution = system === undefined ? undefined : distributionOf(system)
  return {
    entries: components.flatMap((found) => entryOf(found) ?? []),
    ...(distribution !== undefined && { distribution }),
    notCovered: (parsed.metadata?.properties ?? []).flatMap(notCoveredOf),
  }
}

function* walk(
  items: readonly unknown[],
  place: string,
  maximumEntries: number,
  state = { count: 0 },
  depth = 1,
): Generator<Component> {
  if (depth > maximumDepth) {
    throw new Unreadable(`components lie more than ${maximumDepth} deep in one another`)
  }
  for (const [index, item] of items.entries()) {
    state.count += 1
    if (state.count > maximumEntries) {
      throw new Unreadable(`the document has more than ${maximumEntries} components`)
    }
    const here = `${place}[${index}]`
    const found = checked(component, item, here)
    yield found
    yield* walk(found.components ?? [], `${here}.components`, maximumEntries, state, depth + 1)
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, place: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new Unreadable(
    `it is not CycloneDX: ${[place, ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? ''}`,
  )
}

function entryOf(found: Component): SbomEntry | undefined {
  const type = found.type ?? 'library'
  const say = propertiesOf(found)
  if (otherTypes.has(type) || type === 'operating-system' || type === 'container') return undefined
  // Trivy lists the lock files and programs themselves as applications; what is in them follows.
  if (found.purl === undefined && say('aquasecurity:trivy:Type') !== undefined) return undefined
  const path = (
    say('berth:path') ??
    say('syft:location:0:path') ??
    say('aquasecurity:trivy:FilePath')
  )?.replace(/^\/+/, '')
  const layer =
    say('berth:layer') ?? say('syft:location:0:layerID') ?? say('aquasecurity:trivy:LayerDiffID')
  const source = sourceOf(say)
  const modularity = say('berth:modularity') ?? say('aquasecurity:trivy:Modularitylabel')
  return {
    name: found.name,
    version: found.version ?? '',
    ...(found.purl !== undefined && { purl: found.purl }),
    licenses: (found.licenses ?? []).flatMap(
      ({ license, expression }) => expression ?? license?.id ?? license?.name ?? [],
    ),
    ...(path !== undefined && { path }),
    ...(layer !== undefined && { layer }),
    ...(source !== undefined && { source }),
    ...(found.supplier?.name !== undefined && { maintainer: found.supplier.name }),
    ...(modularity !== undefined && { modularity }),
  }
}

/** Berth's own words for a source package, and Trivy's. */
function sourceOf(
  say: (name: string) => string | undefined,
): { name: string; version: string } | undefined {
  const name = say('berth:source:name') ?? say('aquasecurity:trivy:SrcName')
  const version = say('berth:source:version') ?? say('aquasecurity:trivy:SrcVersion')
  if (name === undefined || version === undefined) return undefined
  const release = say('aquasecurity:trivy:SrcRelease')
  const epoch = say('aquasecurity:trivy:SrcEpoch')
  return {
    name,
    version: `${epoch === undefined || epoch === '0' ? '' : `${epoch}:`}${version}${
      release === undefined ? '' : `-${release}`
    }`,
  }
}

function distributionOf(system: Component): SbomDistribution {
  const say = propertiesOf(system)
  const codename = say('berth:codename') ?? say('syft:distro:versionCodename')
  const name = say('berth:name') ?? say('syft:distro:prettyName')
  const idLike = (system.properties ?? [])
    .filter((item) => /^(?:berth:idLike|syft:distro:idLike:\d+)$/.test(item.name))
    .flatMap((item) => item.value ?? [])
  return {
    id: (say('syft:distro:id') ?? system.name).toLowerCase(),
    version: say('syft:distro:versionID') ?? system.version ?? '',
    ...(name !== undefined && { name }),
    ...(codename !== undefined && { codename }),
    idLike,
  }
}

/** What Berth wrote of what it could not look into: `path: reason`. */
function notCoveredOf({ name, value }: z.infer<typeof property>): NotCovered[] {
  if (name !== 'berth:notCovered' || value === undefined) return []
  const at = value.indexOf(': ')
  return [
    at === -1
      ? { path: '', reason: value }
      : { path: value.slice(0, at), reason: value.slice(at + 2) },
  ]
}

function propertiesOf(found: Component): (name: string) => string | undefined {
  return (name) => (found.properties ?? []).find((item) => item.name === name)?.value
}
