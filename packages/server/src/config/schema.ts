/**
 * Everything an operator can set, with its default and its bounds. The schema is the only place for
 * defaults; `docs/reference/configuration.md` and the JSON Schema for editors are generated from it.
 */
import * as z from 'zod'
import { audit } from './audit-schema.ts'
import { ldap } from './ldap-schema.ts'
import { http, metrics } from './listener-schema.ts'
import { oidc } from './oidc-schema.ts'
import { outbound } from './outbound-schema.ts'
import { robots } from './robot-schema.ts'
import { scan } from './scan-schema.ts'
import { scanners } from './scanner-schema.ts'
import { gibibyte, kibibyte, mebibyte, path } from './setting.ts'
import { signInFields } from './sign-in-schema.ts'
import { isPostgresUrl } from './value-checks.ts'
import { workloads } from './workload-schema.ts'

const log = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info')
      .describe('The least severe messages to write.'),
    format: z
      .enum(['auto', 'json', 'text'])
      .default('auto')
      .describe('`json`: one object per line. `text`: for people. `auto`: text on a terminal.'),
  })
  .prefault({})
  .describe('The log, on standard output.')

const administrator = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
      .default('admin')
      .meta({
        description: 'Name of the first user.',
        accepted: '1 to 64 of `a-z 0-9 . _ -`, a letter or digit first',
      }),
    password: z
      .string()
      .min(12)
      .refine((value) => Buffer.byteLength(value) <= 256 && !/\p{Cc}/u.test(value))
      .optional()
      .meta({
        description:
          'Password of the first user. Looked at only when the first start creates that user; without it a random one is made and shown once.',
        secret: true,
        accepted: '12 characters to 256 bytes, no control characters',
      }),
  })
  .prefault({})
  .describe('The user that the first start creates.')

const access = z
  .strictObject({
    anonymousRole: z
      .enum(['none', 'reader', 'developer', 'admin'])
      .default('none')
      .describe('What callers without credentials may do: `reader` lets anyone pull.'),
    projectsOnPush: z
      .enum(['nobody', 'admins', 'users'])
      .default('admins')
      .describe(
        'For whom the first push to `name/…` creates the project `name`, with its pusher as project admin. For anybody else a project has to be there.',
      ),
    tokenLifetimeSeconds: z
      .int()
      .min(60)
      .max(3600)
      .default(300)
      .describe('How long a bearer token is valid. Clients fetch the next one by themselves.'),
    refreshTokenLifetimeDays: z
      .int()
      .min(1)
      .max(3650)
      .default(90)
      .describe('How long a login that was stored as a refresh token lasts.'),
    administrator,
    ...signInFields,
    ldap,
    oidc,
    robots,
    workloads,
  })
  .prefault({})
  .describe('Who may do what.')

const metadata = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z
        .literal('sqlite')
        .default('sqlite')
        .describe('`sqlite`: a file, nothing to run. `postgres`: a PostgreSQL database.'),
      file: path('The database file.', '<dataDirectory>/metadata.sqlite').optional(),
    }),
    z.strictObject({
      kind: z.literal('postgres'),
      url: z.string().max(4096).refine(isPostgresUrl).meta({
        description:
          'Address of the database, with user and password: `postgres://berth:…@host:5432/berth`.',
        secret: true,
        accepted: 'a postgres:// or postgresql:// address',
      }),
      maxConnections: z
        .int()
        .min(1)
        .max(1000)
        .default(10)
        .describe('Connections held to the database at most.'),
    }),
  ])
  .prefault({})
  .describe('Where repositories, tags, manifests, users and upload sessions are recorded.')

const hotBlobs = {
  hotBlobCacheBytes: z
    .int()
    .min(0)
    .max(64 * gibibyte)
    .default(64 * mebibyte)
    .describe('Memory for small blobs that are pulled often. 0 turns it off.'),
  hotBlobMaxBytes: z
    .int()
    .min(0)
    .max(64 * mebibyte)
    .default(256 * kibibyte)
    .describe('The largest blob kept there.'),
}

const storage = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z
        .literal('filesystem')
        .default('filesystem')
        .describe('`filesystem`: a folder. `memory`: lost at exit, for trying things out.'),
      directory: path('The folder for blobs.', '<dataDirectory>/blobs').optional(),
      openFiles: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(512)
        .describe('Blob files kept open for the next reader.'),
      ...hotBlobs,
    }),
    z.strictObject({ kind: z.literal('memory'), ...hotBlobs }),
  ])
  .prefault({})
  .describe('Where the bytes of blobs are kept.')

const uploads = z
  .strictObject({
    idleHours: z
      .number()
      .min(0.0001)
      .max(8760)
      .default(24)
      .describe('An upload session that nobody touches for so long is dropped.'),
    maxPerActor: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1000)
      .describe('Upload sessions that one user may have open at once.'),
  })
  .prefault({})
  .describe('Upload sessions.')

const registry = z
  .strictObject({
    allowSparseManifests: z
      .boolean()
      .default(false)
      .describe(
        'Accept a manifest or an index some of whose content is not in the repository; the answer then carries a warning.',
      ),
    manifestMaxBytes: z
      .int()
      .min(64 * kibibyte)
      .max(64 * mebibyte)
      .default(4 * mebibyte)
      .describe('The largest manifest or index accepted.'),
    pageMax: z
      .int()
      .min(1)
      .max(10_000)
      .default(1000)
      .describe('The most tags or repositories in one page, whatever a client asks for.'),
    blobMaxBytes: z
      .int()
      .min(1)
      .optional()
      .describe('The largest blob accepted. Without it the free space is the only limit.'),
    uploads,
  })
  .prefault({})
  .describe('Limits and rules for what is pushed.')

const collection = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Remove in the background what nothing refers to any more.'),
    graceSeconds: z
      .int()
      .min(0)
      .max(31_536_000)
      .default(86_400)
      .describe('A blob that nothing refers to is kept at least for so long after its last use.'),
    trashDelaySeconds: z
      .int()
      .min(0)
      .max(31_536_000)
      .default(600)
      .describe('Time between the decision to remove a blob and the removal of its file.'),
    untagged: z
      .enum(['keep', 'collect'])
      .default('keep')
      .describe(
        '`collect` also removes manifests that no tag, index or subject leads to, after the same time.',
      ),
    sweepIntervalHours: z
      .number()
      .min(0.0001)
      .max(8760)
      .default(24)
      .describe('How often the whole store is compared with the records.'),
  })
  .prefault({})
  .describe('Collection of what is no longer used.')

const verification = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Read the store again in the background and check every digest.'),
    bytesPerSecond: z
      .int()
      .min(64 * kibibyte)
      .max(64 * gibibyte)
      .default(20 * mebibyte)
      .describe('The most that is read for it.'),
    intervalDays: z
      .number()
      .min(0.0001)
      .max(3650)
      .default(30)
      .describe('Each blob is checked again after so long.'),
  })
  .prefault({})
  .describe('Verification of what is stored.')

const separatePorts = z.object({
  http: z.object({ address: z.string(), port: z.int() }),
  metrics: z.object({ enabled: z.boolean(), address: z.string(), port: z.int() }),
})

function portsClash({ http, metrics }: z.output<typeof separatePorts>): boolean {
  if (!metrics.enabled || metrics.port === 0 || metrics.port !== http.port) return false
  const wildcards = ['0.0.0.0', '::']
  return (
    http.address === metrics.address ||
    wildcards.includes(http.address) ||
    wildcards.includes(metrics.address)
  )
}

/** The shape of the YAML file. What the rest of Berth sees is `Config`, which `loadConfig` makes from it. */
export const configSchema = z
  .strictObject({
    dataDirectory: path(
      'Folder for everything that Berth keeps, unless a section below names another place.',
    ).default('./berth-data'),
    http,
    metrics,
    log,
    access,
    metadata,
    storage,
    registry,
    collection,
    verification,
    scan,
    scanners,
    audit,
    outbound,
  })
  .refine((value) => !portsClash(value), {
    path: ['metrics', 'port'],
    error: 'is the port that http.port takes already. Choose another, or 0 for any free one',
    when: ({ value }) => separatePorts.safeParse(value).success,
  })
  .describe('Settings of a Berth server.')

export type ConfigInput = z.input<typeof configSchema>

type Settings = z.output<typeof configSchema>

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T

/** Settings after loading: every default filled in, every path absolute, frozen. Each part of Berth gets its own branch. */
export type Config = DeepReadonly<
  Omit<Settings, 'metadata' | 'storage' | 'scan' | 'scanners'> & {
    metadata:
      | (Extract<Settings['metadata'], { kind: 'sqlite' }> & { file: string })
      | Extract<Settings['metadata'], { kind: 'postgres' }>
    storage:
      | (Extract<Settings['storage'], { kind: 'filesystem' }> & { directory: string })
      | Extract<Settings['storage'], { kind: 'memory' }>
    scan: Omit<Settings['scan'], 'advisories'> & {
      advisories: Settings['scan']['advisories'] & { folder: string }
    }
    scanners: Settings['scanners'] & { folder: string }
  }
>
