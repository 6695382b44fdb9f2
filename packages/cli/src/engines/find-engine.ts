import { ClientError } from '@berth/client/client-error.ts'
import { formatPlatform } from '@berth/oci/platform.ts'
import { askBuilder, readAnswer, textAt } from '../build/ask-builder.ts'
import { machinePlatform } from '../machine-platform.ts'
import { BuildahEngine } from './buildah.ts'
import { ContainerdEngine } from './containerd.ts'
import { DockerEngine } from './docker.ts'
import { type Engine, type EngineName, engineNames } from './engine.ts'
import { lines } from './engine-text.ts'
import { PodmanEngine } from './podman.ts'

type Environment = Readonly<Record<string, string | undefined>>
type Probed = Engine | { readonly reason: string }

const probes: Readonly<
  Record<EngineName, (env: Environment, signal: AbortSignal) => Promise<Probed>>
> = { docker: probeDocker, podman: probePodman, containerd: probeContainerd, buildah: probeBuildah }

/** The engine of that name. Throws `toolMissing`, with why, when it is not installed or does not answer. */
export async function openEngine(
  name: EngineName,
  env: Environment,
  signal: AbortSignal,
): Promise<Engine> {
  const probed = await probes[name](env, signal)
  if (!('reason' in probed)) return probed
  throw new ClientError('toolMissing', `${name} cannot be used: ${probed.reason}.`)
}

/**
 * The engine that is there: the first that answers of docker, podman and containerd. Throws `toolMissing` with what each
 * of them said when none does.
 */
export async function findEngine(env: Environment, signal: AbortSignal): Promise<Engine> {
  const reasons: string[] = []
  for (const name of engineNames) {
    // Its images are podman's; as an engine it is there only for those who name it.
    if (name === 'buildah') continue
    const probed = await probes[name](env, signal)
    if (!('reason' in probed)) return probed
    reasons.push(`${name}: ${probed.reason}.`)
  }
  throw new ClientError(
    'toolMissing',
    `There is no container engine here that answers.\n  ${reasons.join('\n  ')}`,
    { next: 'Start one, or name a folder or a file with --to, such as --to oci:./images.' },
  )
}

async function probeDocker(env: Environment, signal: AbortSignal): Promise<Probed> {
  const args = ['version', '--format', '{{json .Server}}']
  const asked = await askBuilder('docker', args, env, signal)
  if ('reason' in asked) return asked
  const server = readAnswer(asked.answer)
  const version = textAt(server, 'Version')
  if (version === undefined) return { reason: 'no docker engine answers' }
  const platform = `${textAt(server, 'Os') ?? 'linux'}/${textAt(server, 'Arch') ?? 'amd64'}`
  return new DockerEngine(env, { version, platform })
}

async function probePodman(env: Environment, signal: AbortSignal): Promise<Probed> {
  let global: readonly string[] = []
  let asked = await askBuilder('podman', ['info', '--format', 'json'], env, signal)
  if ('reason' in asked && asked.reason.includes('runtime')) {
    // The runtime that it was made for is not there; another one may be, and it is not needed for images.
    global = ['--runtime', 'runc']
    asked = await askBuilder('podman', [...global, 'info', '--format', 'json'], env, signal)
  }
  if ('reason' in asked) return asked
  const info = readAnswer(asked.answer)
  const version = textAt(info, 'version', 'Version') ?? 'unknown'
  const [os, architecture] = [textAt(info, 'host', 'os'), textAt(info, 'host', 'arch')]
  const platform = `${os ?? 'linux'}/${architecture ?? 'amd64'}`
  return new PodmanEngine(env, { version, platform, global })
}

async function probeContainerd(env: Environment, signal: AbortSignal): Promise<Probed> {
  const asked = await askBuilder('ctr', ['version'], env, signal)
  if ('reason' in asked) return asked
  const server = asked.answer.slice(asked.answer.indexOf('Server:'))
  const version = /Version:\s+(\S+)/.exec(server)?.[1] ?? 'unknown'
  const namespace = env.CONTAINERD_NAMESPACE ?? (await usualNamespace(env, signal))
  return new ContainerdEngine(env, {
    version,
    platform: formatPlatform(machinePlatform()),
    namespace,
  })
}

async function usualNamespace(env: Environment, signal: AbortSignal): Promise<string> {
  const asked = await askBuilder('ctr', ['namespaces', 'ls', '--quiet'], env, signal)
  return 'answer' in asked && lines(asked.answer).includes('k8s.io') ? 'k8s.io' : 'default'
}

async function probeBuildah(env: Environment, signal: AbortSignal): Promise<Probed> {
  const asked = await askBuilder('buildah', ['version', '--json'], env, signal)
  if ('reason' in asked) return asked
  const about = readAnswer(asked.answer)
  const version = textAt(about, 'version') ?? 'unknown'
  return new BuildahEngine(env, {
    version,
    platform: textAt(about, 'osArch') ?? formatPlatform(machinePlatform()),
  })
}
