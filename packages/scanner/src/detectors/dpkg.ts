import type { Detector } from '../detector.ts'
import type { CataloguedPackage } from '../package.ts'
import { packageUrl } from '../purl.ts'
import { isThirdPartyDebian } from './third-party.ts'

const maxBytes = 256 * 1024 ** 2
/** Debian policy 5.6.7; for the rest of a name the status file is trusted. */
const status = /^(?:var\/lib\/dpkg\/status|usr\/lib\/opkg\/status)$/
const statusFolder = /^var\/lib\/dpkg\/status\.d\/[^/]+$/

/** dpkg's database: `status`, and `status.d/*` of distroless images. deb-control(5), dpkg-query(1). */
export const dpkg: Detector = {
  name: 'dpkg',
  wants: ({ path }) => status.test(path) || (statusFolder.test(path) && !path.endsWith('.md5sums')),
  async detect(file) {
    const text = (await file.read(maxBytes)).toString('utf8')
    const packages = stanzasOf(text).flatMap((stanza) => packageOf(stanza) ?? [])
    return { packages }
  },
}

type Stanza = ReadonlyMap<string, string>

/** Paragraphs of fields; a line that begins with a space goes on with the one before. */
function stanzasOf(text: string): Stanza[] {
  const stanzas: Map<string, string>[] = []
  let stanza: Map<string, string> | undefined
  let field: string | undefined
  for (const line of text.split('\n')) {
    if (line.trim() === '') {
      stanza = undefined
      field = undefined
    } else if (line.startsWith(' ') || line.startsWith('\t')) {
      if (field !== undefined && wantedFields.has(field))
        stanza?.set(field, `${stanza.get(field) ?? ''}\n${line.trim()}`)
    } else {
      const colon = line.indexOf(':')
      if (colon === -1) continue
      if (stanza === undefined) {
        stanza = new Map()
        stanzas.push(stanza)
      }
      field = line.slice(0, colon).toLowerCase()
      if (wantedFields.has(field)) stanza.set(field, line.slice(colon + 1).trim())
    }
  }
  return stanzas
}

const wantedFields = new Set([
  'package',
  'status',
  'version',
  'architecture',
  'source',
  'maintainer',
  'origin',
])

function packageOf(stanza: Stanza): Omit<CataloguedPackage, 'layer' | 'path'> | undefined {
  const name = stanza.get('package')
  const version = stanza.get('version')
  if (name === undefined || version === undefined || name === '' || version === '') return undefined
  if (!isInstalled(stanza.get('status'))) return undefined
  const architecture = stanza.get('architecture')
  const maintainer = stanza.get('maintainer')
  const source = sourceOf(stanza.get('source'), name, version)
  const isThirdParty = isThirdPartyDebian({
    name,
    version,
    maintainer: maintainer ?? '',
    origin: stanza.get('origin') ?? '',
  })
  return {
    kind: 'deb',
    name,
    version,
    purl: packageUrl({
      kind: 'deb',
      name,
      version,
      qualifiers: { arch: architecture, upstream: source && upstreamOf(source, version) },
    }),
    ...(source !== undefined && { source }),
    ...(architecture !== undefined && { architecture }),
    licenses: [],
    ...(maintainer !== undefined && { maintainer }),
    ...(isThirdParty && { isThirdParty }),
  }
}

/** Of unpacked or half-configured packages the files are there; distroless images have no such line. */
function isInstalled(status: string | undefined): boolean {
  if (status === undefined) return true
  const state = status.split(/\s+/).at(-1)
  return state !== 'not-installed' && state !== 'config-files'
}

/** `glibc`, `gcc-10 (10.2.1-6)`; the binary's own version when none is given. */
function sourceOf(
  field: string | undefined,
  name: string,
  version: string,
): CataloguedPackage['source'] {
  const match = /^(\S+)(?:\s+\(([^)\s]+)\))?/.exec(field ?? '')
  if (match === null) return undefined
  const source = { name: match[1] ?? name, version: match[2] ?? version }
  return source.name === name && source.version === version ? undefined : source
}

function upstreamOf(source: { name: string; version: string }, version: string): string {
  return source.version === version ? source.name : `${source.name}@${source.version}`
}
