import { z } from 'zod'

const text = z.string().max(4096)
const digests = z.record(z.string().max(64), z.string().max(256))
const time = z.iso.datetime({ offset: true })
const anyObject = z.record(z.string(), z.unknown())

const resource = z.looseObject({
  uri: text.optional(),
  name: text.optional(),
  digest: digests.optional(),
})

/** SLSA provenance 1 (slsa.dev/spec/v1.0/provenance): how and by whom something was built. */
export const provenanceSchema = z.looseObject({
  buildDefinition: z.looseObject({
    buildType: text,
    externalParameters: anyObject,
    internalParameters: anyObject.optional(),
    resolvedDependencies: z.array(resource).max(20_000).optional(),
  }),
  runDetails: z.looseObject({
    builder: z.looseObject({ id: text }),
    metadata: z
      .looseObject({
        invocationId: text.optional(),
        startedOn: time.optional(),
        finishedOn: time.optional(),
      })
      .optional(),
    byproducts: z.array(resource).max(1000).optional(),
  }),
})

/** SLSA provenance 0.2, which BuildKit wrote for long. */
export const provenance02Schema = z.looseObject({
  builder: z.looseObject({ id: text }),
  buildType: text,
  invocation: z
    .looseObject({
      configSource: z.looseObject({
        uri: text.optional(),
        digest: digests.optional(),
        entryPoint: text.optional(),
      }),
    })
    .optional(),
  metadata: z
    .looseObject({
      buildStartedOn: time.optional(),
      buildFinishedOn: time.optional(),
      reproducible: z.boolean().optional(),
    })
    .optional(),
  materials: z.array(resource).max(20_000).nullish(),
})
