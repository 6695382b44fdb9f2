/** The section `scan`. */
import * as z from 'zod'
import { mebibyte, path } from './setting.ts'

const advisories = z
  .strictObject({
    folder: path(
      'The folder of `advisories.db`. An import replaces the file; it is taken over within seconds.',
      '<dataDirectory>/advisories',
    ).optional(),
  })
  .prefault({})
  .describe('Known vulnerabilities, which images are compared with.')

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
  })
  .prefault({})
  .describe('Looking into images: what is inside, and which vulnerabilities that has.')
