import type { Detector } from '../detector.ts'

/** Folders and endings in which no detector looks for executables. */
const dataFolder =
  /^(?:etc|usr\/include|usr\/src|usr\/share\/(?:doc|man|info|locale|zoneinfo|icons|i18n|perl\w*))\//
const dataEnding =
  /\.(?:so[.\d]*|[aho]|py[ci]?|p[ml]|js|cjs|mjs|ts|map|json|mo|gz|txt|md|html|conf|service|rb|h?pp|xml)$/

/**
 * Which of the files that a distribution's packages own can matter: only those that another detector may read. The rest,
 * nearly all, is not kept with the catalogue.
 */
export class OwnedFilter {
  readonly #detectors: readonly Detector[]

  constructor(detectors: readonly Detector[]) {
    this.#detectors = detectors
  }

  mayMatter(path: string): boolean {
    if (this.#isWanted(path, false)) return true
    return !dataFolder.test(path) && !dataEnding.test(path) && this.#isWanted(path, true)
  }

  #isWanted(path: string, isExecutable: boolean): boolean {
    return this.#detectors.some((detector) => detector.wants({ path, isExecutable, size: 1 }))
  }
}
