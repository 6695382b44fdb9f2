/** The section `scan`. */
import * as z from 'zod'
import { mebibyte, path } from './setting.ts'

const advisories = z
  .strictObject({
    folder: path(
      'The folder of `advisories.db`. An import replaces the file; it is taken over within seconds.',
      '<dataDirectory>/advisories',
    ).optional(),
    updates: z
      .enum(['off', 'scheduled'])
      .default('off')
      .describe(
        '`scheduled`: advisories are fetched from the public sources. `off`: Berth asks nobody, and they are imported.',
      ),
    updateHours: z
      .number()
      .min(1)
      .max(8760)
      .default(24)
      .describe('How often they are fetched, with `updates: scheduled`.'),
    ecosystems: z
      .array(z.string().regex(/^[A-Za-z][A-Za-z0-9 .:_-]{0,63}$/))
      .max(100)
      .default(['Debian', 'Ubuntu', 'Alpine', 'npm', 'PyPI', 'Go', 'Maven'])
      .describe('What is fetched, as OSV names it: `Debian`, `npm`, `crates.io`.'),
  })
  .prefault({})
  .describe('Known vulnerabilities, which images are compared with.')

const sbom = z
  .strictObject({
    attach: z
      .enum(['none', 'spdx', 'cyclonedx'])
      .default('none')
      .describe(
        'A bill of materials that Berth attaches to every image that it has scanned, as a referrer. `none`: only when somebody asks.',
      ),
  })
  .prefault({})
  .describe('Bills of materials.')

export const scan = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Look into every image that is pushed.'),
    timeoutMinutes: z
      .number()
      .min(0.1)
      .max(1440)
      .default(30)
      .describe('A scan of one image is given up after so long.'),
    memoryMiB: z
      .int()
      .min(128)
      .max(65_536)
      .default(1024)
      .describe('Memory of the process that reads layers. Two of them run at a time at most.'),
    layerMaxBytes: z
      .int()
      .min(mebibyte)
      .max(2 ** 50)
      .default(64 * 1024 * mebibyte)
      .describe('The largest layer that is read, without its compression.'),
    advisories,
    sbom,
  })
  .prefault({})
  .describe('Looking into images: what is inside, and which vulnerabilities that has.')
