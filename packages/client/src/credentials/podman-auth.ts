import { join } from 'node:path'
import type { Environment } from '../transport/transport.ts'
import { AuthFile } from './auth-file.ts'

/**
 * The files of podman, buildah and skopeo, the one they write to first: `$REGISTRY_AUTH_FILE` alone where it is set,
 * else docker's alone where `$DOCKER_CONFIG` is set, else `$XDG_RUNTIME_DIR/containers/auth.json` and, only read,
 * `~/.config/containers/auth.json`. None need exist.
 */
export function openPodmanAuthFiles(env: Environment, home: string): readonly AuthFile[] {
  const named = env.REGISTRY_AUTH_FILE ?? ''
  if (named !== '') return [open(named, env, false)]
  const docker = env.DOCKER_CONFIG ?? ''
  if (docker !== '') return [open(join(docker, 'config.json'), env, false)]
  const config = env.XDG_CONFIG_HOME ?? ''
  const lasting = join(config === '' ? join(home, '.config') : config, 'containers/auth.json')
  // Elsewhere there is no folder that lasts as long as a session.
  if (process.platform !== 'linux') return [open(lasting, env, true)]
  const runtime = env.XDG_RUNTIME_DIR ?? ''
  const passing =
    runtime === ''
      ? `/run/containers/${process.getuid?.() ?? 0}/auth.json`
      : join(runtime, 'containers/auth.json')
  return [open(passing, env, true), open(lasting, env, true)]
}

function open(path: string, env: Environment, mayBeHidden: boolean): AuthFile {
  return new AuthFile({ kind: 'podman', path, env, keyOf: (registry) => registry, mayBeHidden })
}
