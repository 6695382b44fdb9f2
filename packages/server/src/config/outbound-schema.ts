/** The section `outbound`. */
import { isIP } from 'node:net'
import * as z from 'zod'
import { path } from './setting.ts'
import { isAddressRange, isHostName } from './value-checks.ts'

export const outbound = z
  .strictObject({
    allowedNetworks: z
      .array(z.string().refine(isAddressRange).meta({ accepted: 'addresses and CIDR ranges' }))
      .max(1000)
      .default([])
      .describe(
        'Addresses and ranges, beside the public internet, that Berth may connect to: those of an identity provider in the own network, for example. The addresses of cloud metadata services count only when they are named by themselves.',
      ),
    allowedHosts: z
      .array(
        z
          .string()
          .refine((value) => (isHostName(value) && !value.startsWith('*')) || isIP(value) !== 0)
          .meta({ accepted: 'host names and IP addresses' }),
      )
      .max(1000)
      .default([])
      .describe('Hosts that may have any address, except that of a cloud metadata service.'),
    caFile: path(
      'PEM file with authorities to trust beside the usual ones; read at every connection.',
    ).optional(),
    timeoutSeconds: z
      .number()
      .min(0.1)
      .max(300)
      .default(10)
      .describe(
        'A request is given up after so long, its redirects and its whole answer included.',
      ),
  })
  .prefault({})
  .describe('Requests that Berth itself makes to addresses from its settings or its users.')
