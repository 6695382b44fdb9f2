import { ClientError } from '@berth/client/client-error.ts'
import { parseImageReference } from '@berth/client/image-reference.ts'
import type { ScanReport } from '@berth/scanner/finding.ts'
import { writeCycloneDx } from '@berth/scanner/reports/cyclonedx.ts'
import { writeSpdx } from '@berth/scanner/reports/spdx.ts'
import { type CatalogueDiff, diffCatalogues } from '@berth/scanner/sbom/diff.ts'
import type { CommandContext } from '../context.ts'
import { counted } from '../format.ts'
import { printable } from '../printable.ts'
import { attachDocument } from './attach.ts'
import { writeTo } from './output-file.ts'
import { catalogueSubject } from './scan-subject.ts'
import type { Scanned } from './scanned.ts'
import { formatTable } from '../table.ts'
import { version } from '../version.ts'

type Format = 'spdx' | 'cyclonedx'
export type Flags = {
  format: Format
  output?: string
  platform?: string
  attach?: true
  diff?: string
}

const writers: Readonly<Record<Format, (report: ScanReport) => string>> = {
  spdx: writeSpdx,
  cyclonedx: writeCycloneDx,
}
const mediaTypes: Readonly<Record<Format, string>> = {
  spdx: 'application/spdx+json',
  cyclonedx: 'application/vnd.cyclonedx+json',
}

export async function run(context: CommandContext, image: string, flags: Flags): Promise<void> {
  if (flags.diff !== undefined) {
    const before = await catalogueSubject(context, flags.diff, flags)
    const after = await catalogueSubject(context, image, flags)
    const diff = diffCatalogues(before.catalogue, after.catalogue)
    context.output.result({ json: diff, text: formatDiff(diff, context.output.columns) })
    return
  }
  const scanned = await catalogueSubject(context, image, flags)
  const text = writers[flags.format](reportOf(scanned))
  if (!flags.attach) {
    await writeTo(context, flags.output ?? '-', text)
    return
  }
  const { digest, mediaType, size } = scanned.artifact
  if (digest === undefined || mediaType === undefined || /^(dir|sbom|oci|docker)/.test(image)) {
    throw new ClientError(
      'inputInvalid',
      `--attach needs an image in a registry, and ${image} is none.`,
    )
  }
  const attached = await attachDocument(context, parseImageReference(image), digest, {
    bytes: Buffer.from(text),
    mediaType: mediaTypes[flags.format],
  })
  context.output.result({
    json: { image, digest, sbom: attached, packages: scanned.catalogue.packages.length, size },
    text: `${image} has the SBOM ${attached} (${counted(scanned.catalogue.packages.length, 'package')}).`,
  })
}

function reportOf({ artifact, catalogue }: Scanned): ScanReport {
  return {
    artifact,
    catalogue,
    scanner: { name: 'berth', version },
    scannedAt: new Date().toISOString(),
    data: { revision: 0, builtAt: null, sources: [] },
    findings: [],
    suppressed: [],
  }
}

function formatDiff(diff: CatalogueDiff, width: number | undefined): string {
  const arrow = { up: 'newer', down: 'older', unclear: 'changed' } as const
  const rows = [
    ...diff.added.map(({ kind, name, version: is }) => ['added', kind, name, '', is]),
    ...diff.removed.map(({ kind, name, version: was }) => ['removed', kind, name, was, '']),
    ...diff.changed.map(({ kind, name, before, after, direction }) => [
      arrow[direction],
      kind,
      name,
      before.join(' '),
      after.join(' '),
    ]),
    ...diff.licenses.map(({ kind, name, before, after }) => [
      'licence',
      kind,
      name,
      before.join(', '),
      after.join(', '),
    ]),
  ]
  const same = `${counted(diff.unchanged, 'package')} unchanged.`
  if (rows.length === 0) return same
  const table = formatTable(
    [
      { title: 'CHANGE' },
      { title: 'KIND', yields: 1 },
      { title: 'PACKAGE', shrinks: true },
      { title: 'BEFORE', shrinks: true },
      { title: 'AFTER', shrinks: true },
    ],
    rows.map((row) => row.map(printable)),
    width,
  )
  return `${table}\n\n${same}`
}
