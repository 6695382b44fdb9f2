import type { Detector } from '../detector.ts'

/** Folders and endings in which no detector looks for executables. */
const dataFolder =
  /^(?:etc|usr\/include|usr\/src|usr\/share\/(?:doc|man|info|locale|zoneinfo|icons|i18n|perl\w*))\//
const dataEnding =
  /\.(?:so[.\d]*|[aho]|py[ci]?|p[ml]|js|cjs|mjs|ts|map|json|mo|gz|txt|md|html|conf|service|rb|h?pp|xml)$/

/** What tells of the distribution itself: none of its packages owns that. */
const ofDistribution = /^(?:os-release|release-files|alpine-|apk|dpkg|rpm)/

/**
 * Which of the files that a distribution's packages own can matter: only those that a detector of another kind may read.
 * The rest, nearly all, is not kept with the catalogue.
 */
export class OwnedFilter {
  readonly #detectors: readonly Detector[]

  constructor(detectors: readonly Detector[]) {
    this.#detectors = detectors.filter(({ name }) => !ofDistribution.test(name))
  }

  mayMatter(path: string): boolean {
    if (dataFolder.test(path)) return false
    if (this.#isWanted(path, false)) return true
    return !dataEnding.test(path) && this.#isWanted(path, true)
  }

  #isWanted(path: string, isExecutable: boolean): boolean {
    return this.#detectors.some((detector) => detector.wants({ path, isExecutable, size: 1 }))
  }
}
