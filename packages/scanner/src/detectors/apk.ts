import type { Detector } from '../detector.ts'
import type { CataloguedPackage } from '../package.ts'
import { packageUrl } from '../purl.ts'

const maxBytes = 256 * 1024 ** 2

/** apk's database, of Alpine, Wolfi and their like: blocks of `letter:value`, files as `F:` and `R:`. apk-installed(5). */
export const apk: Detector = {
  name: 'apk',
  wants: ({ path }) => path === 'lib/apk/db/installed' || path === 'usr/lib/apk/db/installed',
  async detect(file) {
    const packages: Omit<CataloguedPackage, 'layer' | 'path'>[] = []
    const owned: string[] = []
    let fields = new Map<string, string>()
    let folder = ''
    const finish = () => {
      const found = packageOf(fields)
      if (found !== undefined) packages.push(found)
      fields = new Map()
      folder = ''
    }
    for (const line of (await file.read(maxBytes)).toString('utf8').split('\n')) {
      if (line === '') finish()
      else if (line[1] === ':') {
        const value = line.slice(2).trimEnd()
        if (line[0] === 'F') folder = value
        else if (line[0] === 'R') owned.push(folder === '' ? value : `${folder}/${value}`)
        else if (!fields.has(line[0] ?? '')) fields.set(line[0] ?? '', value)
      }
    }
    finish()
    return { packages, owned }
  },
}

function packageOf(
  fields: ReadonlyMap<string, string>,
): Omit<CataloguedPackage, 'layer' | 'path'> | undefined {
  const name = fields.get('P')
  const version = fields.get('V')
  if (!name || !version) return undefined
  const architecture = fields.get('A')
  const origin = fields.get('o')
  const license = fields.get('L')
  const maintainer = fields.get('m')
  const isOwnSource = origin === undefined || origin === '' || origin === name
  return {
    kind: 'apk',
    name,
    version,
    purl: packageUrl({
      kind: 'apk',
      name,
      version,
      qualifiers: { arch: architecture, upstream: isOwnSource ? undefined : origin },
    }),
    ...(!isOwnSource && { source: { name: origin, version } }),
    ...(architecture !== undefined && { architecture }),
    licenses: license ? [license] : [],
    ...(maintainer !== undefined && { maintainer }),
  }
}
