import type { Scheme } from './scheme.ts'
import { compareSemantic, readSemantic, type SemanticVersion } from './semantic.ts'

/** `go1.22rc1`, `go1.21.3-bigcorp`, `go1.22.1 X:boringcrypto`: https://go.dev/doc/toolchain. */
const toolchain = /^go(\d+)\.(\d+)(?:\.(\d+))?(?:(alpha|beta|rc)(\d+))?(?:[- ].*)?$/
const shorthand = /^\d+(?:\.\d+)?$/

/**
 * Versions of Go modules (https://go.dev/ref/mod#versions, with or without `v`; pseudo-versions are ordinary pre-releases,
 * `+incompatible` has no rank; `v1` and `v1.2` are short for `v1.0.0` and `v1.2.0`) and of the Go distribution, whose
 * `go1.22rc1` the Go vulnerability database spells `1.22.0-rc.1`.
 */
export const go: Scheme<SemanticVersion> = {
  read(text) {
    const release = toolchain.exec(text)
    if (release !== null) {
      const [, major = '', minor = '', patch = '0', stage, count = ''] = release
      return {
        numbers: [major, minor, patch],
        prerelease: stage === undefined ? [] : [stage, count],
      }
    }
    const bare = text.startsWith('v') ? text.slice(1) : text
    if (!shorthand.test(bare)) return readSemantic(bare)
    return readSemantic(bare.includes('.') ? `${bare}.0` : `${bare}.0.0`)
  },
  compare: compareSemantic,
}
