import type { Detected, Detector } from '../detector.ts'
import { releaseOf } from './os-release.ts'

const maxBytes = 64 * 1024

type Reader = (text: string) => Detected['distribution']

/** What old or cut down images have in place of os-release. */
const readers: ReadonlyMap<string, Reader> = new Map(
  Object.entries<Reader>({
    'etc/debian_version': (text) => {
      const version = /^\d+(?:\.\d+)?/.exec(text)?.[0] ?? ''
      const codename = /^([a-z]+)(?:\/sid)?$/.exec(text)?.[1]
      if (version === '' && codename === undefined) return undefined
      return {
        id: 'debian',
        version,
        ...(codename !== undefined && { codename }),
        name: `Debian GNU/Linux ${text}`,
        release: releaseOf('debian', version, codename),
      }
    },
    'etc/lsb-release': (text) => {
      const value = (key: string) =>
        new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? ''
      const id = value('DISTRIB_ID').toLowerCase()
      const version = value('DISTRIB_RELEASE')
      if (id === '' || version === '') return undefined
      return {
        id,
        version,
        codename: value('DISTRIB_CODENAME'),
        name: value('DISTRIB_DESCRIPTION') || `${id} ${version}`,
        release: releaseOf(id, version),
      }
    },
    'etc/redhat-release': redHatRelease,
    'etc/centos-release': redHatRelease,
    'etc/system-release': redHatRelease,
  }),
)

const redHatNames: readonly (readonly [RegExp, string])[] = [
  [/^CentOS/i, 'centos'],
  [/^Red Hat/i, 'rhel'],
  [/^Rocky/i, 'rocky'],
  [/^AlmaLinux/i, 'almalinux'],
  [/^Fedora/i, 'fedora'],
  [/^Oracle/i, 'ol'],
  [/^Amazon/i, 'amzn'],
]

/** `CentOS release 6.10 (Final)`. */
function redHatRelease(text: string): Detected['distribution'] {
  const id = redHatNames.find(([pattern]) => pattern.test(text))?.[1]
  const version = /\brelease (\d+(?:\.\d+)*)/i.exec(text)?.[1]
  if (id === undefined || version === undefined) return undefined
  return { id, version, name: text, release: releaseOf(id, version) }
}

/** `etc/debian_version`, `etc/redhat-release`, `etc/lsb-release` and their like; os-release goes before them. */
export const releaseFiles: Detector = {
  name: 'release-files',
  wants: ({ path }) => readers.has(path),
  async detect(file) {
    const text = (await file.read(maxBytes)).toString('utf8').trim()
    const distribution = readers.get(file.path)?.(text)
    return distribution === undefined ? {} : { distribution }
  },
}
