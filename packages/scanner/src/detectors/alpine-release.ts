import type { Detector } from '../detector.ts'
import { releaseOf } from './os-release.ts'

const maxBytes = 64 * 1024

/** `etc/alpine-release`: the version alone; for images without os-release. */
export const alpineRelease: Detector = {
  name: 'alpine-release',
  wants: ({ path }) => path === 'etc/alpine-release',
  async detect(file) {
    const version = (await file.read(maxBytes)).toString('utf8').trim()
    if (!/^\d+\.\d+/.test(version)) return {}
    const release = releaseOf('alpine', version)
    return { distribution: { id: 'alpine', version, name: `Alpine Linux ${release}`, release } }
  },
}

/**
 * `etc/apk/repositories`: which release the packages come from, whatever os-release says; edge before all others.
 * Repositories with a tag (`@edge …`) serve single packages only and do not count.
 */
export const apkRepositories: Detector = {
  name: 'apk-repositories',
  wants: ({ path }) => path === 'etc/apk/repositories',
  async detect(file) {
    const text = (await file.read(maxBytes)).toString('utf8')
    const releases = [...text.matchAll(/^\s*[^#@\s]\S*?\/(edge|v\d+\.\d+)\/\w+/gm)].map(
      (match) => match[1] ?? '',
    )
    const [newest] = releases.sort((a, b) => weightOf(b) - weightOf(a))
    return newest === undefined ? {} : { distribution: { release: newest } }
  },
}

function weightOf(release: string): number {
  if (release === 'edge') return Number.POSITIVE_INFINITY
  const [major = 0, minor = 0] = release.slice(1).split('.').map(Number)
  return major * 1000 + minor
}
