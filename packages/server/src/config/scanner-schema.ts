/** The section `scanners`. */
import * as z from 'zod'
import { path } from './setting.ts'

/** Programs that Berth can start. Their names are kept: no adapter can be registered under them. */
export const scannerPrograms = ['trivy', 'grype'] as const

const trivy = z
  .strictObject({
    program: path('The program `trivy`. Without it Berth does not use Trivy.').optional(),
  })
  .prefault({})
  .describe('Trivy, as a program on this machine.')

const grype = z
  .strictObject({
    program: path('The program `grype`. Without it Berth does not use Grype.').optional(),
    source: z
      .enum(['image', 'sbom'])
      .default('image')
      .describe(
        '`image`: it pulls the image and looks into it itself. `sbom`: it is given what Berth found inside, and only compares that.',
      ),
  })
  .prefault({})
  .describe('Grype, as a program on this machine.')

const adapter = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe('Offer the scanner of Berth to Harbor and others, under `/adapter/api/v1`.'),
    token: z
      .string()
      .min(16)
      .max(1024)
      .refine((value) => /^[\x21-\x7e]+$/.test(value))
      .optional()
      .meta({
        description:
          'What callers present, as `Authorization: Bearer` or `X-ScannerAdapter-API-Key`.',
        secret: true,
        accepted: '16 to 1024 visible ASCII characters without spaces',
      }),
  })
  .refine((value) => !value.enabled || value.token !== undefined, {
    path: ['token'],
    error: 'is needed where scanners.adapter.enabled is true: the adapter is for nobody else',
  })
  .prefault({})
  .describe('The scanner of Berth as an adapter of the Harbor Pluggable Scanner API.')

export const scanners = z
  .strictObject({
    timeoutMinutes: z
      .number()
      .min(0.01)
      .max(1440)
      .default(30)
      .describe('A scan by another scanner is given up after so long.'),
    folder: path(
      'Where the programs keep their vulnerabilities, each in a folder of its name.',
      '<dataDirectory>/scanners',
    ).optional(),
    trivy,
    grype,
    adapter,
  })
  .prefault({})
  .describe(
    'Scanners beside that of Berth. Adapters of Harbor are registered with the management API.',
  )
