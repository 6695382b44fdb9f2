import { ScanLimit, Unreadable } from '../../detector.ts'
import { defaultLimits } from '../../limits.ts'
import type { CataloguedPackage } from '../../package.ts'
import { packageUrl } from '../../purl.ts'
import type { FilePositions } from '../file-positions.ts'
import { ArchiveBudget } from './budget.ts'
import { readJarName } from './file-name.ts'
import { identify, type Identity } from './identify.ts'
import { type Coordinates, readManifest, readPomProperties } from './properties.ts'
import { type ZipEntry, zipEntries } from './zip.ts'

type JarPackage = Omit<CataloguedPackage, 'layer'>

/** What was found in an archive and the archives inside it. */
export type ArchiveContents = {
  readonly packages: readonly JarPackage[]
  /** Archives of which no name and version is to be had. */
  readonly unnamed: readonly string[]
  /** Packages whose group nothing tells: it was taken to be the artifact's name. */
  readonly groupless: readonly string[]
  /** Archives, or parts of them, that could not be read, and why. */
  readonly broken: readonly string[]
}

const archiveName = /\.(?:jar|war|ear|par|sar|rar|nar|hpi|jpi)$/i
const pomPropertiesName = /(?:^|\/)META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/
const maxPropertiesBytes = 64 * 1024
/** Main sections are short; what follows are digests of single files. */
const manifestBytes = 64 * 1024
/** Of an archive inside another that is compressed there, since it has to be in memory. */
const maxNestedBytes = 128 * 1024 ** 2

/** Whether a file name is that of an archive of Java. */
export function isJavaArchive(path: string): boolean {
  return archiveName.test(path)
}

/** Reads an archive of Java and what is inside. Throws `Unreadable` and `ScanLimit` for the outermost one. */
export async function readArchive(file: FilePositions, path: string): Promise<ArchiveContents> {
  const found = { packages: [], unnamed: [], groupless: [], broken: [] }
  await readInto(found, new ArchiveBudget(), file, path, 1)
  return found
}

type Found = { [Field in keyof ArchiveContents]: ArchiveContents[Field][number][] }

/** What an archive says of itself and of what was packed into it. */
type Names = { readonly poms: Coordinates[]; manifest: ReadonlyMap<string, string> }

async function readInto(
  found: Found,
  budget: ArchiveBudget,
  file: FilePositions,
  path: string,
  depth: number,
): Promise<void> {
  const names: Names = { poms: [], manifest: new Map() }
  let count = 0
  try {
    for await (const entry of zipEntries(file, budget)) {
      count += 1
      await readEntry(found, budget, names, entry, path, depth)
    }
  } catch (error) {
    if (!isRefusal(error) || count === 0) throw error
    // What was read before the directory broke off still counts.
    found.broken.push(`${path}: ${error.message}`)
  }
  addPackages(found, budget, path, names)
}

async function readEntry(
  found: Found,
  budget: ArchiveBudget,
  names: Names,
  entry: ZipEntry,
  path: string,
  depth: number,
): Promise<void> {
  const isArchive = isJavaArchive(entry.name) && entry.size > 0
  if (entry.isUnsafe) {
    if (isArchive) found.broken.push(`${path} holds an archive whose name leads out of it`)
  } else if (pomPropertiesName.test(entry.name)) {
    const bytes = await readPart(found, path, () => entry.read(maxPropertiesBytes))
    const pom = bytes === undefined ? undefined : readPomProperties(bytes.toString('utf8'))
    if (pom !== undefined) names.poms.push(pom)
  } else if (entry.name === 'META-INF/MANIFEST.MF') {
    const bytes = await readPart(found, path, () => entry.readStart(manifestBytes))
    if (bytes !== undefined) names.manifest = readManifest(bytes.toString('utf8'))
  } else if (isArchive) {
    await readNested(found, budget, entry, `${path}!/${entry.name}`, depth)
  }
}

async function readNested(
  found: Found,
  budget: ArchiveBudget,
  entry: ZipEntry,
  path: string,
  depth: number,
): Promise<void> {
  if (depth >= defaultLimits.archiveDepth) {
    found.broken.push(`${path} lies deeper than ${defaultLimits.archiveDepth} archives`)
    return
  }
  await readPart(found, path, async () => {
    await readInto(found, budget, await entry.positions(maxNestedBytes), path, depth + 1)
  })
}

/** A part that is broken or too large costs only itself. */
async function readPart<T>(
  found: Found,
  path: string,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (!isRefusal(error)) throw error
    found.broken.push(`${path}: ${error.message}`)
    return undefined
  }
}

function isRefusal(error: unknown): error is Unreadable | ScanLimit {
  return error instanceof Unreadable || error instanceof ScanLimit
}

function addPackages(
  found: Found,
  budget: ArchiveBudget,
  path: string,
  { poms, manifest }: Names,
): void {
  const fileName = path.slice(path.lastIndexOf('/') + 1)
  const identities = new Map<string, Identity>()
  for (const pom of poms) identities.set(`${pom.group}:${pom.artifact}:${pom.version}`, pom)
  const identity = identify(manifest, fileName)
  if (!isNamedBy(poms, fileName, identity)) {
    const isGuessed = identity !== undefined && identity.group === undefined
    // Beside what was packed into it, a guess would look as certain as the rest.
    if (identity === undefined || (isGuessed && poms.length > 0)) found.unnamed.push(path)
    else {
      identities.set(`${identity.group}:${identity.artifact}:${identity.version}`, identity)
      if (isGuessed) found.groupless.push(path)
    }
  }
  budget.takePackages(identities.size)
  const license = declaredLicense(manifest)
  for (const identity of identities.values()) {
    found.packages.push(jarPackage(identity, path, identities.size === 1 ? license : []))
  }
}

/**
 * Whether one of the properties is of the archive itself, and not all of them of what was packed into it: by the name of
 * the file, or because it is the only one and nothing else tells of another version.
 */
function isNamedBy(
  poms: readonly Coordinates[],
  fileName: string,
  identity: Identity | undefined,
): boolean {
  const { artifact } = readJarName(fileName)
  const [only] = poms
  if (poms.some((pom) => pom.artifact === artifact || fileName.startsWith(`${pom.artifact}-`))) {
    return true
  }
  if (only === undefined || poms.length > 1) return false
  return identity === undefined || numbersOf(identity.version) === numbersOf(only.version)
}

/** Bundles spell `1.2` as `1.2.0`, and qualifiers in their own way. */
function numbersOf(version: string): string {
  const numbers = version.match(/\d+/g) ?? []
  return [0, 1, 2].map((at) => Number(numbers[at] ?? 0)).join('.')
}

function jarPackage(identity: Identity, path: string, licenses: readonly string[]): JarPackage {
  // Many artifacts from before groups were domains have their own name for a group: `commons-digester`, `asm`.
  const name = `${identity.group ?? identity.artifact}:${identity.artifact}`
  return {
    kind: 'maven',
    name,
    version: identity.version,
    purl: packageUrl({ kind: 'maven', name, version: identity.version }),
    licenses,
    path,
  }
}

function declaredLicense(manifest: ReadonlyMap<string, string>): readonly string[] {
  const license = manifest.get('bundle-license')?.split(/[;,]/)[0]?.replaceAll('"', '').trim() ?? ''
  return license === '' || license.length > 256 ? [] : [license]
}
