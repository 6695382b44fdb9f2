/** The section `access.robots`. */
import * as z from 'zod'

export const robots = z
  .strictObject({
    maxLifetimeDays: z
      .int()
      .min(1)
      .max(36_500)
      .optional()
      .describe(
        'The longest that a robot made or changed from now on may last. Without it robots may have no end.',
      ),
  })
  .prefault({})
  .describe('Robots: accounts of machines.')
