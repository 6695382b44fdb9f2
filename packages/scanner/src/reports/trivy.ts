import type { FixState, ScanReport, Score, Severity } from '../finding.ts'
import type { CataloguedPackage, PackageKind } from '../package.ts'
import { addressOf } from './address.ts'
import { isOfDistribution, type ReportedFinding } from './reported-finding.ts'

const severities: Readonly<Record<Severity, string>> = {
  critical: 'CRITICAL',
  high: 'HIGH',
  medium: 'MEDIUM',
  low: 'LOW',
  negligible: 'LOW',
  unknown: 'UNKNOWN',
}
const statuses: Readonly<Record<FixState, string>> = {
  fixed: 'fixed',
  notFixed: 'affected',
  wontFix: 'will_not_fix',
  unknown: 'affected',
}
/** Trivy's words for what a package came from; those with a title are listed together, the others by file. */
const languages: Readonly<Partial<Record<PackageKind, { type: string; title?: string }>>> = {
  npm: { type: 'node-pkg', title: 'Node.js' },
  pypi: { type: 'python-pkg', title: 'Python' },
  gem: { type: 'gemspec', title: 'Ruby' },
  maven: { type: 'jar', title: 'Java' },
  golang: { type: 'gobinary' },
  cargo: { type: 'rustbinary' },
  composer: { type: 'composer-vendor' },
  nuget: { type: 'dotnet-core' },
}

/**
 * A report of the form of `trivy image --format json --list-all-pkgs` (SchemaVersion 2), which many other programs read.
 * What is not covered and the age of the advisories have no place in it but `Metadata.Berth`, which others pass over.
 */
export function writeTrivy(report: ScanReport): string {
  const { artifact, catalogue } = report
  const { distribution } = catalogue
  const tagged = /^[^@]+:[^/:@]+$/.test(artifact.name)
  const architecture = artifact.platform?.split('/')[1]
  const repository = artifact.name.replace(/@.*$/, '').replace(/:[^/:]*$/, '')
  const document = {
    SchemaVersion: 2,
    CreatedAt: report.scannedAt,
    ArtifactName: artifact.name,
    ArtifactType: artifact.digest === undefined ? 'filesystem' : 'container_image',
    Metadata: {
      ...(artifact.size !== undefined && { Size: artifact.size }),
      ...(distribution !== undefined && {
        OS: {
          Family: distribution.id,
          Name: distribution.version,
          ...(isOver(distribution.endOfLife, report.scannedAt) && { EOSL: true }),
        },
      }),
      ...(artifact.imageId !== undefined && { ImageID: artifact.imageId }),
      ...(artifact.diffIds !== undefined && { DiffIDs: artifact.diffIds }),
      ...(tagged && artifact.digest !== undefined && { RepoTags: [artifact.name] }),
      ...(artifact.digest !== undefined && { RepoDigests: [`${repository}@${artifact.digest}`] }),
      ...(artifact.digest !== undefined && {
        ImageConfig: {
          architecture: architecture ?? '',
          created: '',
          os: artifact.platform?.split('/')[0] ?? '',
          rootfs: { type: 'layers', diff_ids: artifact.diffIds ?? [] },
          config: { ...(artifact.labels !== undefined && { Labels: artifact.labels }) },
        },
      }),
      Berth: {
        Scanner: report.scanner,
        Advisories: report.data,
        NotCovered: catalogue.notCovered,
      },
    },
    Results: resultsOf(report),
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

type Group = {
  readonly key: string
  readonly target: string
  readonly type: string
  readonly class: string
}

function resultsOf(report: ScanReport): Record<string, unknown>[] {
  const { catalogue, findings, suppressed } = report
  const groupOfThis = (found: CataloguedPackage) => groupOf(found, report)
  const packages = Map.groupBy(catalogue.packages, (found) => groupOfThis(found).key)
  const open = Map.groupBy(findings, (finding) => groupOfThis(finding.package).key)
  const away = Map.groupBy(suppressed, (finding) => groupOfThis(finding.package).key)
  const groups = new Map<string, Group>()
  for (const found of [
    ...catalogue.packages,
    ...[...findings, ...suppressed].map((finding) => finding.package),
  ]) {
    const group = groupOfThis(found)
    groups.set(group.key, group)
  }
  return [...groups.values()]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map((group) => {
      const modified = away.get(group.key) ?? []
      const vulnerabilities = open.get(group.key) ?? []
      return {
        Target: group.target,
        Class: group.class,
        Type: group.type,
        Packages: (packages.get(group.key) ?? []).map(packageOf),
        ...(vulnerabilities.length > 0 && {
          Vulnerabilities: vulnerabilities.map(vulnerabilityOf),
        }),
        ...(modified.length > 0 && {
          ExperimentalModifiedFindings: modified.map((finding) => ({
            Type: 'vulnerability',
            Status: finding.vex.status,
            Statement: finding.vex.statement ?? finding.vex.justification ?? '',
            Source: `${finding.vex.source}: ${finding.vex.author}`,
            Finding: vulnerabilityOf(finding),
          })),
        }),
      }
    })
}

function groupOf(found: CataloguedPackage, { artifact, catalogue }: ScanReport): Group {
  if (isOfDistribution(found)) {
    const { distribution } = catalogue
    const type = distribution?.id ?? found.kind
    const target = `${artifact.name} (${distribution === undefined ? found.kind : `${type} ${distribution.version}`.trim()})`
    return { key: `0 ${type}`, target, type, class: 'os-pkgs' }
  }
  const { type, title } = languages[found.kind] ?? { type: found.kind }
  const target = title ?? found.path
  return { key: `1 ${type} ${target}`, target, type, class: 'lang-pkgs' }
}

function packageOf(found: CataloguedPackage): Record<string, unknown> {
  const source = found.source ?? (isOfDistribution(found) ? found : undefined)
  const version = partsOf(found)
  const sourceVersion = source === undefined ? undefined : partsOf({ ...found, ...source })
  return {
    ID: `${found.name}@${found.version}`,
    Name: found.name,
    Identifier: { PURL: found.purl },
    Version: version.version,
    ...(version.release !== undefined && { Release: version.release }),
    ...(version.epoch !== undefined && { Epoch: version.epoch }),
    ...(found.architecture !== undefined && { Arch: found.architecture }),
    ...(source !== undefined && { SrcName: source.name }),
    ...(sourceVersion !== undefined && {
      SrcVersion: sourceVersion.version,
      ...(sourceVersion.release !== undefined && { SrcRelease: sourceVersion.release }),
      ...(sourceVersion.epoch !== undefined && { SrcEpoch: sourceVersion.epoch }),
    }),
    ...(found.modularity !== undefined && { Modularitylabel: found.modularity }),
    ...(found.licenses.length > 0 && { Licenses: found.licenses }),
    ...(found.maintainer !== undefined && { Maintainer: found.maintainer }),
    Layer: layerOf(found),
    ...(!isOfDistribution(found) && { FilePath: found.path }),
  }
}

/** Trivy keeps epoch and revision of deb and rpm apart. */
function partsOf({ kind, version }: Pick<CataloguedPackage, 'kind' | 'version'>): {
  version: string
  release?: string
  epoch?: number
} {
  if (kind !== 'deb' && kind !== 'rpm') return { version }
  const epoch = /^(\d+):/.exec(version)?.[1]
  const rest = epoch === undefined ? version : version.slice(epoch.length + 1)
  const at = rest.lastIndexOf('-')
  return {
    version: at === -1 ? rest : rest.slice(0, at),
    ...(at !== -1 && { release: rest.slice(at + 1) }),
    ...(epoch !== undefined && epoch !== '0' && { epoch: Number(epoch) }),
  }
}

function vulnerabilityOf(finding: ReportedFinding): Record<string, unknown> {
  const { package: found } = finding
  const [scored] = finding.scores
  const advisory = finding.advisories[0]
  const cvss = cvssOf(finding.scores)
  return {
    VulnerabilityID: finding.vulnerability,
    ...(finding.advisories.length > 0 && { VendorIDs: finding.advisories.map(({ id }) => id) }),
    PkgID: `${found.name}@${found.version}`,
    PkgName: found.name,
    ...(!isOfDistribution(found) && { PkgPath: found.path }),
    PkgIdentifier: { PURL: found.purl },
    InstalledVersion: found.version,
    ...(finding.fixedVersion !== undefined && { FixedVersion: finding.fixedVersion }),
    Status: statuses[finding.fixState],
    Layer: layerOf(found),
    ...((scored?.source ?? advisory?.source) !== undefined && {
      SeveritySource: scored?.source ?? advisory?.source,
    }),
    PrimaryURL: addressOf(finding.vulnerability),
    ...(advisory !== undefined && { DataSource: { ID: advisory.source, Name: advisory.source } }),
    ...(finding.title !== undefined && { Title: finding.title }),
    ...(finding.description !== undefined && { Description: finding.description }),
    Severity: severities[finding.severity],
    ...(finding.cwes.length > 0 && { CweIDs: finding.cwes }),
    ...(Object.keys(cvss).length > 0 && { CVSS: cvss }),
    References: finding.references,
    ...(finding.published !== undefined && { PublishedDate: finding.published }),
    ...(finding.modified !== undefined && { LastModifiedDate: finding.modified }),
  }
}

/** By source; a score that stands for a word is no CVSS. */
function cvssOf(scores: readonly Score[]): Record<string, Record<string, string | number>> {
  const bySource: Record<string, Record<string, string | number>> = {}
  for (const { source, version, vector, score, isEstimated } of scores) {
    const prefix =
      version === undefined ? '' : ({ '2': 'V2', '3': 'V3', '4': 'V40' }[version[0] ?? ''] ?? '')
    if (isEstimated === true || prefix === '') continue
    bySource[source] = {
      ...(vector !== undefined && { [`${prefix}Vector`]: vector }),
      [`${prefix}Score`]: score,
      // The best one comes first and stays.
      ...bySource[source],
    }
  }
  return bySource
}

function layerOf({ layer }: CataloguedPackage): { DiffID?: string } {
  return layer === undefined ? {} : { DiffID: layer }
}

function isOver(endOfLife: string | undefined, at: string): boolean {
  return endOfLife !== undefined && endOfLife < at.slice(0, 10)
}
