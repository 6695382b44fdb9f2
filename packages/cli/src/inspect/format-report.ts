import stringWidth from 'string-width'
import type { Output } from '../output.ts'
import { formatBytes, shortDigest } from '../format.ts'
import { printable } from '../printable.ts'
import { formatTable } from '../table.ts'
import type { ImageReport, PlatformImage } from './image-report.ts'

type Look = Pick<Output, 'columns' | 'style'>

const graphemes = new Intl.Segmenter()

const kindTitles: Readonly<Record<ImageReport['kind'], string>> = {
  image: 'image',
  index: 'index',
  artifact: 'artifact',
  unknown: 'unknown to Berth',
}

/** The report for people. Nothing in it that a stranger wrote reaches the terminal as it came. */
export function formatReport(report: ImageReport, look: Look): string {
  return [
    formatHead(report, look),
    formatMap('Annotations', report.annotations, look),
    formatPlatforms(report, look),
    report.image === null ? '' : formatImage(report.image, look),
    formatAttachments(report, look),
  ]
    .filter((section) => section !== '')
    .join('\n\n')
}

function formatHead(report: ImageReport, look: Look): string {
  const shared = report.sharedLayers.reduce((sum, { size }) => sum + size, 0)
  return fields(
    [
      ['Image', report.reference],
      ['Digest', report.digest],
      ['Type', `${kindTitles[report.kind]} (${report.mediaType})`],
      ['Holds', report.artifactType],
      ['About', report.subject],
      ['Created', report.created],
      ['Size', `${formatBytes(report.size)} compressed, each layer once`],
      [
        'Shared',
        report.sharedLayers.length === 0
          ? null
          : `${count(report.sharedLayers.length, 'layer')}, ${formatBytes(shared)}, in more than one platform`,
      ],
    ],
    look,
  )
}

function formatPlatforms(report: ImageReport, look: Look): string {
  if (report.kind !== 'index' || report.platforms.length === 0) return ''
  const shared = new Map(report.sharedLayers.map((each) => [each.digest, each]))
  const sharedIn = (platform: string): number =>
    [...shared.values()]
      .filter(({ platforms }) => platforms.includes(platform))
      .reduce((sum, { size }) => sum + size, 0)
  const rows = report.platforms.map(({ platform, digest, size, layers }) => [
    printable(platform),
    shortDigest(digest),
    size === null ? 'not here' : formatBytes(size),
    layers === null ? '-' : String(layers),
    formatBytes(sharedIn(platform)),
  ])
  return section(
    'Platforms',
    formatTable(
      [
        { title: 'PLATFORM', shrinks: true },
        { title: 'DIGEST' },
        { title: 'SIZE', align: 'right' },
        { title: 'LAYERS', align: 'right' },
        { title: 'SHARED', align: 'right' },
      ],
      rows,
      look.columns,
    ),
    look,
  )
}

function formatImage(image: PlatformImage, look: Look): string {
  const of = ` of ${printable(image.platform)}`
  const settings = fields(
    [
      ['User', image.user ?? 'root (not set)'],
      ['Folder', image.workingDirectory],
      ['Entrypoint', list(image.entrypoint)],
      ['Command', list(image.command)],
      ['Ports', image.exposedPorts.join(' ') || null],
      ['Volumes', image.volumes.join(' ') || null],
      ['Stop with', image.stopSignal],
      ['Author', image.author],
    ],
    look,
  )
  const environment = Object.fromEntries(image.environment.map(({ name, value }) => [name, value]))
  return [
    section(`Config${of}`, settings, look),
    formatMap('Environment', environment, look),
    formatMap('Labels', image.labels, look),
    formatHistory(image, of, look),
  ]
    .filter((each) => each !== '')
    .join('\n\n')
}

function formatHistory(image: PlatformImage, of: string, look: Look): string {
  const rows = image.history.map(({ instruction, layer, size }) => [
    layer === null ? '' : shortDigest(layer),
    size === null ? '' : formatBytes(size),
    printable(instruction.replaceAll(/\s+/g, ' ')) || '-',
  ])
  if (rows.length === 0) return ''
  const remark = image.isHistoryComplete
    ? ''
    : '\nIts history does not tell which step made which layer.'
  const columns = [
    { title: 'LAYER' },
    { title: 'SIZE', align: 'right' as const },
    { title: 'INSTRUCTION', shrinks: true },
  ]
  return section(`Layers${of}`, `${formatTable(columns, rows, look.columns)}${remark}`, look)
}

function formatAttachments({ attachments, digest, platforms }: ImageReport, look: Look): string {
  if (attachments.length === 0) return ''
  const about = new Map<string, string>(platforms.map((each) => [each.digest, each.platform]))
  const rows = attachments.map((each) => [
    printable(each.kind),
    shortDigest(each.digest),
    each.about === digest
      ? 'the whole'
      : printable(about.get(each.about) ?? shortDigest(each.about)),
    each.found === 'index' ? 'in the index' : each.found === 'tag' ? 'by tag' : 'referrer',
  ])
  return section(
    'Signatures, SBOMs, attestations',
    formatTable(
      [
        { title: 'WHAT', shrinks: true },
        { title: 'DIGEST' },
        { title: 'ABOUT', shrinks: true },
        { title: 'FOUND' },
      ],
      rows,
      look.columns,
    ),
    look,
  )
}

function formatMap(title: string, values: Readonly<Record<string, string>>, look: Look): string {
  const entries = Object.entries(values)
  return entries.length === 0 ? '' : section(title, fields(entries, look), look)
}

/** Names and values below one another; what is too long for the terminal goes on below its beginning. */
function fields(entries: readonly (readonly [string, string | null])[], look: Look): string {
  const given = entries.flatMap(([name, value]) =>
    value === null ? [] : [[printable(name), printable(value)] as const],
  )
  // The names of OCI's own annotations fit in.
  const widest = Math.min(36, Math.max(...given.map(([name]) => name.length)))
  return given
    .map(([name, value]) => {
      const head = `${look.style('bold', name.padEnd(widest))}  `
      const indent = ' '.repeat(widest + 2)
      if (value === '') return look.style('bold', name)
      if (look.columns === undefined) return `${head}${value}`
      const isLongName = name.length > widest
      const lines = wrap(value, Math.max(20, look.columns - widest - 2))
      return isLongName
        ? [look.style('bold', name), ...lines.map((line) => `${indent}${line}`)].join('\n')
        : `${head}${lines.join(`\n${indent}`)}`
    })
    .join('\n')
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const { segment } of graphemes.segment(text)) {
    if (stringWidth(line + segment) > width) {
      lines.push(line)
      line = ''
    }
    line += segment
  }
  return [...lines, line]
}

function section(title: string, body: string, look: Look): string {
  return `${look.style('underline', title)}\n${body}`
}

function list(words: readonly string[]): string | null {
  return words.length === 0 ? null : JSON.stringify(words)
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
