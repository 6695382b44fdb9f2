import type { Catalogue } from '@berth/scanner/catalogue.ts'
import type { PackageKind } from '@berth/scanner/package.ts'
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import type { Executor } from '../metadata/database.ts'
import { readCatalogue } from '../metadata/images.ts'
import { findingsOf, packagesOf } from '../metadata/policy-facts.ts'
import type { FindingFacts, PackageFacts } from './facts.ts'

const findingsMax = 50_000
const packagesMax = 100_000
const catalogueMax = 256 << 20

const decompress = promisify(zstdDecompress)

/** The findings of an image, the worst first, with their clock in the repository. */
export async function loadFindings(
  db: Executor,
  repositoryId: number,
  digest: string,
): Promise<FindingFacts[]> {
  const rows = await findingsOf(db, repositoryId, digest, findingsMax)
  return rows.map((row) => ({
    vulnerability: row.vulnerability,
    package: `${row.kind}:${row.name}`,
    version: row.version,
    severity: row.severity,
    score: row.score / 10,
    fixedVersion: row.fixed_version ?? undefined,
    fixAvailableAt: row.fix_available_at ?? undefined,
    knownExploited: row.known_exploited ?? undefined,
    firstSeenAt: row.first_seen_at ?? undefined,
  }))
}

/** The packages of an image. Their licences stand in the catalogue alone, which is larger, so they are read on demand. */
export async function loadPackages(
  db: Executor,
  digest: string,
  { withLicences }: { withLicences: boolean },
): Promise<PackageFacts[]> {
  if (!withLicences) {
    const rows = await packagesOf(db, digest, packagesMax)
    return rows.map(({ kind, name, version }) => ({
      kind: kind as PackageKind,
      name,
      version,
      licences: [],
    }))
  }
  const stored = await readCatalogue(db, digest)
  if (!stored) return []
  const json = await decompress(stored, { maxOutputLength: catalogueMax })
  const { packages } = JSON.parse(json.toString()) as Catalogue
  return packages.map(({ kind, name, version, licenses }) => ({
    kind,
    name,
    version,
    licences: licenses,
  }))
}
