import type { Detector } from '../../detector.ts'
import { cargoLock } from './cargo-lock.ts'
import { composerLock } from './composer-lock.ts'
import { gemfileLock } from './gemfile-lock.ts'
import { goMod } from './go-mod.ts'
import { packageLock1To3 } from './package-lock.ts'
import { pnpmLock5To9 } from './pnpm-lock.ts'
import { poetryLock } from './poetry-lock.ts'
import { requirements } from './requirements.ts'
import { yarnLock } from './yarn-lock.ts'

/**
 * Lock files, which say what would be installed. For the folder of a project beside the others; never for images, where
 * what is installed says it itself.
 */
export const lockFileDetectors: readonly Detector[] = [
  packageLock1To3,
  pnpmLock5To9,
  yarnLock,
  requirements,
  poetryLock,
  goMod,
  cargoLock,
  composerLock,
  gemfileLock,
]
