import { z } from 'zod'
import type { Detector } from '../../detector.ts'
import { readJsonFile } from '../json-file.ts'
import { lockedPackages } from './locked-package.ts'

const maxBytes = 64 * 1024 ** 2
const locked = z.object({
  name: z.string(),
  version: z.string(),
  license: z.array(z.string()).optional().catch(undefined),
})
const lock = z.object({
  packages: z.array(locked),
  'packages-dev': z.array(locked).nullish(),
})

/** `composer.lock`: all that would be installed, for development too. */
export const composerLock: Detector = {
  name: 'composer-lock',
  wants: ({ path }) => /(?:^|\/)composer\.lock$/.test(path),
  async detect(file) {
    const parsed = await readJsonFile(file, maxBytes, lock)
    const found = [...parsed.packages, ...(parsed['packages-dev'] ?? [])].map((one) => ({
      name: one.name.toLowerCase(),
      version: one.version,
      licenses: one.license ?? [],
    }))
    return { packages: lockedPackages('composer', found) }
  },
}
