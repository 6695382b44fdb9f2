/** The section `http.rateLimit`. */
import * as z from 'zod'

export const rateLimit = z
  .strictObject({
    requestsPerSecond: z
      .number()
      .min(0)
      .max(1_000_000)
      .default(0)
      .describe(
        'Requests that one user, robot or other identity may make each second for long; callers without credentials are told apart by address, IPv6 by /64. 0: no limit. A client that pulls many small images at once makes some hundreds.',
      ),
    burst: z
      .int()
      .min(1)
      .max(10_000_000)
      .default(2000)
      .describe('Requests beyond that rate which may come at once after a pause.'),
  })
  .prefault({})
  .describe('How many requests one caller may make. Beyond it the answer is 429 with Retry-After.')
