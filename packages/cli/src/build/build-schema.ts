import { z } from 'zod'
import { severities } from '@berth/scanner/finding.ts'
import { strategyNames } from '../tag-strategy/strategy-name.ts'

const scalarText = z
  .union([z.string(), z.number(), z.boolean()], {
    error: 'must be a text, a number or true or false',
  })
  .transform(String)

const texts = (description: string) => z.array(z.string().min(1)).describe(description)

const scalarMap = (description: string) =>
  z.record(z.string().min(1), scalarText).describe(description)

const secret = z
  .strictObject({
    id: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'may hold letters, digits, "_", "." and "-" only')
      .describe('The name by which the Dockerfile mounts it: `RUN --mount=type=secret,id=...`.'),
    env: z
      .string()
      .regex(
        /^[A-Za-z_][A-Za-z0-9_]*$/,
        'must be the name of an environment variable, never a value',
      )
      .optional()
      .describe('The environment variable that holds the secret. Its value is never written here.'),
    file: z
      .string()
      .min(1)
      .optional()
      .describe('The file that holds the secret, relative to `berth.yaml`.'),
  })
  .refine(({ env, file }) => (env === undefined) !== (file === undefined), {
    error: 'needs exactly one of "env" and "file"',
  })

const shared = {
  platforms: z
    .array(
      z
        .string()
        .regex(
          /^[a-z0-9]+\/[a-z0-9_-]+(?:\/[a-z0-9.]+)?$/,
          'must look like linux/amd64 or linux/arm/v7',
        ),
    )
    .min(1)
    .describe('Platforms to build for. Default: the platform of the builder.'),
  args: scalarMap(
    'Build arguments (`ARG` in the Dockerfile). They can be seen in the image: use `secrets` for what is secret.',
  ),
  secrets: z
    .array(secret)
    .describe(
      'Secrets that the build may read, by where they come from. They do not stay in the image.',
    ),
  ssh: texts(
    'SSH agent sockets or keys for `RUN --mount=type=ssh`: `default` or `<id>=<socket or key>`.',
  ),
  tags: texts(
    `Tags to set: the strategies ${strategyNames.join(', ')}, and literal names or patterns such as \`stable\` and \`{version}-{revision}\`.`,
  ),
  labels: scalarMap(
    'Labels of the image, beside the `org.opencontainers.image` ones that Berth sets.',
  ),
  cacheFrom: texts(
    'Repositories (or for buildx whole specifications such as `type=registry,ref=...`) to take build cache from.',
  ),
  cacheTo: texts('Where build cache is kept for the next build, written as `cacheFrom` is.'),
} as const

const optionalShared = {
  platforms: shared.platforms.optional(),
  args: shared.args.optional(),
  secrets: shared.secrets.optional(),
  ssh: shared.ssh.optional(),
  tags: shared.tags.optional(),
  labels: shared.labels.optional(),
  cacheFrom: shared.cacheFrom.optional(),
  cacheTo: shared.cacheTo.optional(),
}

const service = z.strictObject({
  context: z
    .string()
    .min(1)
    .default('.')
    .describe('The folder that is sent to the builder, relative to `berth.yaml`.'),
  dockerfile: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The Dockerfile, relative to the context. Default: `Dockerfile`, else `Containerfile`.',
    ),
  target: z
    .string()
    .min(1)
    .optional()
    .describe('The stage of the Dockerfile to stop at. Default: the last.'),
  image: z
    .string()
    .min(1)
    .optional()
    .describe('The repository below `repository`. Default: the name of the service.'),
  dependsOn: texts(
    'Services to build before this one. Their images are at hand as `FROM ${BERTH_<NAME>_IMAGE}`.',
  ).default([]),
  ...optionalShared,
})

const tagging = z.strictObject({
  mainBranch: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The branch that may set `latest`. Default: what the remote calls its HEAD, else `main` or `master`.',
    ),
  versionPrefix: z
    .string()
    .default('v')
    .describe('What stands before the version in git tags: `v` for `v1.2.3`.'),
  refuseDirty: z
    .boolean()
    .default(false)
    .describe(
      'Whether a working tree with changes stops the build. Default: its revision ends in `-dirty`.',
    ),
  environmentVariable: z
    .string()
    .min(1)
    .default('BERTH_ENVIRONMENT')
    .describe(
      'The environment variable that names the environment for the strategy `environment`.',
    ),
})

const supplyChain = z.strictObject({
  scan: z
    .union([z.boolean(), z.enum(severities)], {
      error: `must be true, false, or the severity to fail on: ${severities.join(', ')}`,
    })
    .default(false)
    .describe(
      `Whether images are scanned after the push. A severity (${severities.map((each) => `\`${each}\``).join(', ')}) makes a finding as bad as that, or worse, end the build with exit code 9; such an image is not signed.`,
    ),
  sbom: z.boolean().default(false).describe('Whether pipelines attach an SBOM to each image.'),
  sign: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The key that signs pushed images: a private key file relative to `berth.yaml`, or `berth:<name>` for one that the Berth holds.',
    ),
})

/** The content of `berth.yaml`. Each field is described: `docs/reference/berth-yaml.md` is made from this. */
export const buildSchema = z.strictObject({
  registry: z.string().min(1).describe('The registry to push to, as host or host:port.'),
  repository: z
    .string()
    .min(1)
    .optional()
    .describe('What stands before the image of each service: `acme` makes `acme/api` of `api`.'),
  lock: z
    .boolean()
    .default(false)
    .describe('Whether each push is noted in `build-lock.json`, as `--update-lock` does.'),
  supplyChain: supplyChain
    .describe('What `berth build` and pipelines made by `berth ci init` do with pushed images.')
    .default(() => supplyChain.parse({})),
  tagging: tagging
    .describe('How the strategies of `tags` behave.')
    .default(() => tagging.parse({})),
  defaults: z
    .strictObject(optionalShared)
    .default({})
    .describe(
      'What holds for every service that does not say otherwise. `args` and `labels` are merged, the others replaced.',
    ),
  services: z
    .record(
      z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'may hold a-z, 0-9, "_" and "-" only'),
      service,
    )
    .refine((services) => Object.keys(services).length > 0, { error: 'needs at least one service' })
    .refine((services) => Object.keys(services).length <= 200, { error: 'at most 200 are allowed' })
    .describe('The images to build, by name.'),
  pairs: z
    .array(z.tuple([z.string().min(1), z.string().min(1)]))
    .default([])
    .describe(
      'Services or images that share a base, one for GPUs and one for CPUs: `berth lock drift` compares them. Those that names tell of, such as `api-gpu` and `api-cpu`, need no entry.',
    ),
})

export type BuildSettings = z.output<typeof buildSchema>
export type ServiceSettings = z.output<typeof service>
export type TaggingSettings = z.output<typeof tagging>
export type SecretSource = z.output<typeof secret>
