import { z } from 'zod'

/** The archive as an OCI artifact: one layer of this type, and the manifest's `artifactType`. */
export const advisoryArchiveMediaType = 'application/vnd.berth.advisories.v1+tar.zstd'

/** First in the archive, so that a reader knows what follows before it comes. */
export const manifestName = 'manifest.json'
export const databaseName = 'advisories.db'

export const maxManifestBytes = 1024 ** 2

/** What `manifest.json` of an archive of advisories says. */
export const archiveManifest = z.object({
  format: z.literal('berth-advisories'),
  version: z.literal(1),
  /** Of the database's tables: a Berth that reads only older ones refuses the archive before it unpacks it. */
  schema: z.int().positive(),
  /** ISO moments: of the newest data in it, and of the export. */
  builtAt: z.string().max(100),
  exportedAt: z.string().max(100),
  database: z.object({
    size: z
      .int()
      .positive()
      .max(64 * 1024 ** 3),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  sources: z
    .array(
      z.object({
        name: z.string().max(500),
        builtAt: z.string().max(100),
        records: z.int().nonnegative(),
        license: z.string().max(500).optional(),
      }),
    )
    .max(10_000),
})

export type ArchiveManifest = z.infer<typeof archiveManifest>
