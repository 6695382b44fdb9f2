/** The section `scan`. */
import * as z from 'zod'
import { defaultAddresses } from '@berth/scanner/advisories/update-addresses.ts'
import { mebibyte, path } from './setting.ts'
import { isWebAddress } from './value-checks.ts'

const address = (value: string, description: string) =>
  z
    .string()
    .max(1000)
    .refine(isWebAddress)
    .default(value)
    .meta({ description, accepted: 'an http:// or https:// address without a user name' })

const update = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe(
        'Fetch advisories from where they are published. While it is off, Berth asks nobody for them.',
      ),
    intervalHours: z.number().min(1).max(720).default(24).describe('Between two updates.'),
    sources: z
      .array(z.enum(['osv', 'epss', 'kev', 'grype']))
      .min(1)
      .max(4)
      .default(['osv', 'epss', 'kev'])
      .describe('What is fetched. The database of Grype has EPSS and KEV in it.'),
    ecosystems: z
      .array(
        z
          .string()
          .regex(/^[A-Za-z][A-Za-z0-9. -]{0,49}$/)
          .meta({ accepted: 'names of ecosystems as OSV spells them, such as `Rocky Linux`' }),
      )
      .max(100)
      .default(['Debian', 'Alpine'])
      .describe('Ecosystems of OSV that are fetched.'),
    osv: address(defaultAddresses.osv, 'Below it lie the exports of OSV: `<ecosystem>/all.zip`.'),
    epss: address(defaultAddresses.epss, 'Probabilities of exploitation.'),
    kev: address(defaultAddresses.kev, 'What is known to be exploited.'),
    grype: address(defaultAddresses.grype, 'Names the newest database of Grype.'),
  })
  .prefault({})
  .describe('Fetching advisories. What cannot be fetched stays as it was.')

const advisories = z
  .strictObject({
    folder: path(
      'The folder of `advisories.db`. An import replaces the file; it is taken over within seconds.',
      '<dataDirectory>/advisories',
    ).optional(),
    update,
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
