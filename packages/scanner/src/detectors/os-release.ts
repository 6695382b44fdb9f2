import type { Detector } from '../detector.ts'
import type { Distribution } from '../package.ts'

const maxBytes = 64 * 1024

/** os-release(5): variables as a shell would read them. */
export const osRelease: Detector = {
  name: 'os-release',
  wants: ({ path }) => path === 'etc/os-release' || path === 'usr/lib/os-release',
  async detect(file) {
    const variables = readOsRelease((await file.read(maxBytes)).toString('utf8'))
    const distribution = distributionOf(variables)
    return distribution === undefined
      ? { notCovered: 'os-release names no distribution (ID).' }
      : { distribution }
  },
}

/** The variables of a file of shell assignments. Quotes and backslashes are undone; what is no assignment is passed over. */
function readOsRelease(text: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line)
    if (match !== null) variables.set(match[1] ?? '', unquote((match[2] ?? '').trim()))
  }
  return variables
}

function unquote(text: string): string {
  const quote = text[0]
  if (text.length >= 2 && quote === "'" && text.endsWith("'")) return text.slice(1, -1)
  const inner = text.length >= 2 && quote === '"' && text.endsWith('"') ? text.slice(1, -1) : text
  return inner.replaceAll(/\\(["$`\\'])/g, '$1')
}

function distributionOf(variables: ReadonlyMap<string, string>): Partial<Distribution> | undefined {
  const id = variables.get('ID')?.toLowerCase()
  if (id === undefined || id === '') return undefined
  const version = variables.get('VERSION_ID') ?? ''
  const codename = variables.get('VERSION_CODENAME') || codenameIn(variables.get('VERSION'))
  return {
    id,
    version,
    ...(codename !== undefined && { codename }),
    name: variables.get('PRETTY_NAME') || variables.get('NAME') || id,
    idLike: (variables.get('ID_LIKE') ?? '').split(/\s+/).filter((like) => like !== ''),
    release: releaseOf(id, version, codename),
  }
}

/** Debian before 10 wrote it as `9 (stretch)` only. */
function codenameIn(version: string | undefined): string | undefined {
  return /\(([a-z]+)\)/.exec(version ?? '')?.[1]
}

/** What advisories call the release of a distribution with this `ID` and `VERSION_ID`. */
export function releaseOf(id: string, version: string, codename?: string): string {
  if (id === 'alpine') {
    if (/_alpha|edge/.test(version)) return 'edge'
    const match = /^(\d+\.\d+)/.exec(version)
    return match === null ? version : `v${match[1]}`
  }
  if (id === 'ubuntu') return /^\d+\.\d+/.exec(version)?.[0] ?? version
  if (id === 'debian' && version === '') return codename ?? ''
  if (minorCounts.has(id)) return version
  return /^\d+/.exec(version)?.[0] ?? version
}

/** Their advisories tell service packs and point releases apart. */
const minorCounts = new Set([
  'sles',
  'sled',
  'opensuse-leap',
  'opensuse',
  'sle_hpc',
  'photon',
  'mariner',
  'azurelinux',
])
