import { z } from 'zod'
import type { Detector } from '../detector.ts'
import { packageUrl } from '../purl.ts'
import { readJsonFile } from './json-file.ts'

const maxBytes = 64 * 1024 ** 2

const installedPackage = z.object({
  name: z.string().min(1),
  version: z.string().min(1),
  license: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .catch(undefined),
})
/** Composer 1 wrote the list alone, Composer 2 an object around it. */
const installed = z.union([
  z.array(installedPackage),
  z.object({ packages: z.array(installedPackage) }).transform((file) => file.packages),
])

/** Installed PHP packages: `vendor/composer/installed.json`, which Composer writes beside what it unpacked. */
export const composer: Detector = {
  name: 'composer',
  wants: ({ path }) => /(?:^|\/)composer\/installed\.json$/.test(path),
  async detect(file) {
    const packages = await readJsonFile(file, maxBytes, installed)
    return {
      packages: packages.map(({ name, version, license }) => ({
        kind: 'composer',
        name: name.toLowerCase(),
        version,
        purl: packageUrl({ kind: 'composer', name: name.toLowerCase(), version }),
        licenses: typeof license === 'string' ? [license] : (license ?? []),
      })),
    }
  },
}
