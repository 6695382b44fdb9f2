import { ClientError } from '@berth/client/client-error.ts'
import type { Service } from './build-file.ts'
import { Buildah } from './buildah.ts'
import { type Builder, type BuilderName, builderNames, type BuilderProbe } from './builder.ts'
import { Buildx } from './buildx.ts'
import { Docker, type OpenArchive } from './docker.ts'
import { Podman } from './podman.ts'

export type ChosenBuilder = {
  readonly builder: Builder
  readonly probe: Extract<BuilderProbe, { kind: 'ready' }>
}

/** The best first: BuildKit does most, and docker's classic builder is on its way out. */
const order: readonly BuilderName[] = ['buildx', 'buildah', 'podman', 'docker']

/**
 * Asks the builders, the wanted one or each in turn, and takes the first that answers and can do all that is asked for.
 * Throws `toolMissing` with what each of them said, `unsupported` when those that answer cannot do it.
 */
export async function chooseBuilder(
  wanted: BuilderName | 'auto',
  work: readonly { readonly service: Service; readonly platforms: readonly string[] | undefined }[],
  options: {
    readonly env: Readonly<Record<string, string | undefined>>
    readonly openArchive: OpenArchive
    readonly signal: AbortSignal
  },
): Promise<ChosenBuilder> {
  const reasons: string[] = []
  const refusals: string[] = []
  for (const name of wanted === 'auto' ? order : [wanted]) {
    const builder = openBuilder(name, options)
    const probe = await builder.probe(options.signal)
    if (probe.kind === 'absent') {
      reasons.push(`${name}: ${probe.reason}`)
      continue
    }
    const refusal = work
      .map(({ service, platforms }) => builder.refusalOf(service, platforms ?? [probe.platform]))
      .find((each) => each !== undefined)
    if (refusal === undefined) return { builder, probe }
    refusals.push(refusal)
  }
  if (refusals.length > 0) {
    throw new ClientError('unsupported', refusals.join(' '), {
      next: `Change berth.yaml, or choose another builder with --builder (${builderNames.join(', ')}).`,
    })
  }
  const list = reasons.map((reason) => `\n  ${reason}`).join('')
  throw new ClientError(
    'toolMissing',
    wanted === 'auto'
      ? `No builder answers:${list}`
      : `The builder ${wanted} does not answer:${list}`,
    { next: 'Install or start one of them: Docker with buildx, buildah or podman.' },
  )
}

function openBuilder(
  name: BuilderName,
  {
    env,
    openArchive,
  }: { env: Readonly<Record<string, string | undefined>>; openArchive: OpenArchive },
): Builder {
  switch (name) {
    case 'buildx':
      return new Buildx(env, openArchive)
    case 'docker':
      return new Docker(env, openArchive)
    case 'buildah':
      return new Buildah(env)
    case 'podman':
      return new Podman(env)
  }
}
