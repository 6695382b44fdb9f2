// The class alone: the package's index loads 40 files more.
import SemVer from 'semver/classes/semver.js'
import type { Scheme } from './scheme.ts'

/**
 * https://github.com/npm/node-semver, loose: `v1.2.3`, `=1.2.3` and `1.2.3beta` are read. `1` and `1.2`, which advisories
 * use as bounds, are filled up with zeros.
 */
export const npm: Scheme<SemVer> = {
  read(text) {
    const partial = /^[v=\s]*\d+(?:\.\d+)?$/.exec(text)
    const full = partial === null ? text : `${text}${text.includes('.') ? '.0' : '.0.0'}`
    try {
      return new SemVer(full, { loose: true })
    } catch {
      return undefined
    }
  },
  compare: (a, b) => a.compare(b),
}
