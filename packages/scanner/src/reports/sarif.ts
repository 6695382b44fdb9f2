import type { ScanReport, Severity } from '../finding.ts'
import { addressOf } from './address.ts'
import { isOfDistribution, type ReportedFinding } from './reported-finding.ts'
import { uuidOf } from './stable-id.ts'

const levels: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  negligible: 'note',
  unknown: 'note',
}

/**
 * A SARIF 2.1.0 log (https://docs.oasis-open.org/sarif/sarif/v2.1.0/): a rule for each vulnerability, a result for each
 * package that has it, what was judged away as suppressed, what is not covered as notifications of the tool. Code scanning
 * services read `security-severity` and show the file that tells of the package.
 */
export function writeSarif(report: ScanReport): string {
  const { artifact, catalogue, data, scanner } = report
  const findings: readonly ReportedFinding[] = [...report.findings, ...report.suppressed]
  const rules = new Map<string, ReportedFinding>()
  for (const finding of findings) {
    const known = rules.get(finding.vulnerability)
    if (known === undefined || known.score < finding.score)
      rules.set(finding.vulnerability, finding)
  }
  const indexes = new Map([...rules.keys()].map((id, index) => [id, index]))
  const log = {
    $schema:
      'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: scanner.name,
            fullName: `${scanner.name} vulnerability scanner`,
            version: scanner.version,
            rules: [...rules.values()].map(ruleOf),
          },
        },
        invocations: [
          {
            executionSuccessful: true,
            endTimeUtc: new Date(report.scannedAt).toISOString(),
            toolExecutionNotifications: catalogue.notCovered.map(({ path, reason }) => ({
              level: 'warning',
              message: { text: `Not covered: ${path}: ${reason}` },
              descriptor: { id: 'not-covered' },
            })),
          },
        ],
        automationDetails: {
          id: `${artifact.name}/`,
          guid: uuidOf(artifact.digest ?? artifact.name),
        },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { ROOT: { description: { text: 'The root of the file system.' } } },
        results: findings.map((finding) =>
          resultOf(finding, report, indexes.get(finding.vulnerability) ?? -1),
        ),
        properties: {
          artifact: artifact.name,
          ...(artifact.digest !== undefined && { digest: artifact.digest }),
          ...(artifact.platform !== undefined && { platform: artifact.platform }),
          ...(artifact.imageId !== undefined && { imageID: artifact.imageId }),
          advisoriesBuiltAt: data.builtAt ?? 'never',
          advisoriesRevision: data.revision,
          ...(catalogue.distribution?.endOfLife !== undefined && {
            endOfLife: catalogue.distribution.endOfLife,
          }),
        },
      },
    ],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

function ruleOf(finding: ReportedFinding): Record<string, unknown> {
  const title = finding.title ?? finding.vulnerability
  const description = finding.description ?? title
  const help = [
    `Vulnerability ${finding.vulnerability}`,
    `Severity: ${finding.severity}`,
    `Package: ${finding.package.name}`,
    `Fixed version: ${finding.fixedVersion ?? 'none'}`,
    ...finding.references,
  ]
  return {
    id: finding.vulnerability,
    name: isOfDistribution(finding.package)
      ? 'OsPackageVulnerability'
      : 'LanguageSpecificPackageVulnerability',
    shortDescription: { text: title },
    fullDescription: { text: description.slice(0, 1000) },
    defaultConfiguration: { level: levels[finding.severity] },
    helpUri: addressOf(finding.vulnerability),
    help: { text: `${help.join('\n')}\n\n${description}` },
    properties: {
      precision: finding.isUndetermined === true ? 'low' : 'very-high',
      'security-severity': finding.score.toFixed(1),
      tags: ['vulnerability', 'security', finding.severity.toUpperCase()],
      ...(finding.knownExploited !== undefined && { knownExploited: finding.knownExploited }),
      ...(finding.epss !== undefined && { epss: finding.epss }),
    },
  }
}

function resultOf(
  finding: ReportedFinding,
  { artifact }: ScanReport,
  ruleIndex: number,
): Record<string, unknown> {
  const { package: found, vulnerability, vex } = finding
  const fixed =
    finding.fixedVersion === undefined ? 'no fix is known' : `fixed in ${finding.fixedVersion}`
  const certainty = finding.isUndetermined === true ? ' (the version could not be compared)' : ''
  const path = found.path === '' ? artifact.name : found.path
  return {
    ruleId: vulnerability,
    ruleIndex,
    level: levels[finding.severity],
    message: {
      text: `${found.name} ${found.version} has ${vulnerability}, ${finding.severity}, ${fixed}${certainty}.`,
    },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(path), uriBaseId: 'ROOT' },
          region: { startLine: 1, startColumn: 1, endLine: 1, endColumn: 1 },
        },
        message: { text: `${path}: ${found.name}@${found.version}` },
      },
    ],
    partialFingerprints: {
      'vulnerabilityPackage/v1': `${vulnerability}:${found.kind}:${found.name}:${found.path}`,
    },
    ...(vex !== undefined && {
      suppressions: [
        {
          kind: 'external',
          status: 'accepted',
          justification: [
            vex.status,
            vex.justification,
            vex.statement,
            `by ${vex.author}, ${vex.at}`,
          ]
            .filter((part) => part !== undefined && part !== '')
            .join('; '),
        },
      ],
    }),
    properties: {
      purl: found.purl,
      score: finding.score,
      fixState: finding.fixState,
      advisories: finding.advisories.map(({ id, source }) => `${source}: ${id}`),
      ...(found.layer !== undefined && { layer: found.layer }),
    },
  }
}

/** A path as a relative URI reference: a colon in the first part would be read as a scheme. */
function uriOf(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}
