import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { Environment } from '../transport/transport.ts'
import { readAuthEntry } from './auth-entry.ts'
import { AuthFile } from './auth-file.ts'
import type { FoundCredentials } from './known-credentials.ts'
import { bestKey, dockerKey } from './registry-key.ts'

const variable = 'DOCKER_AUTH_CONFIG'

/** Docker's own file: `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`. It need not exist. */
export function openDockerConfig(env: Environment, home: string): AuthFile {
  const folder = env.DOCKER_CONFIG ?? ''
  return new AuthFile({
    kind: 'docker',
    path: join(folder === '' ? join(home, '.docker') : folder, 'config.json'),
    env,
    keyOf: dockerKey,
    defaultHelper: () => findDefaultHelper(env),
  })
}

/**
 * What the variable `DOCKER_AUTH_CONFIG` holds for the registry, which docker and many CI systems put before the file.
 * Docker passes over a broken one, and so does this.
 */
export function findInDockerVariable(
  env: Environment,
  registry: string,
): FoundCredentials | undefined {
  const auths = variableAuths(env)
  const key = bestKey(Object.keys(auths), registry)
  if (key === undefined) return undefined
  const credentials = readAuthEntry(auths[key], `${variable}: the entry ${JSON.stringify(key)}`)
  if (credentials === undefined) return undefined
  return { credentials, place: { kind: 'environment', name: variable }, expiresAt: undefined }
}

/** The keys of the variable, as they stand there. */
export function dockerVariableKeys(env: Environment): readonly string[] {
  return Object.keys(variableAuths(env))
}

function variableAuths(env: Environment): Readonly<Record<string, unknown>> {
  try {
    const { auths } = JSON.parse(env[variable] ?? '{}') as { auths?: unknown }
    return typeof auths === 'object' && auths !== null ? (auths as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** The keychain that docker takes by itself, as long as its file holds no logins: `pass` or the desktop's. */
async function findDefaultHelper(env: Environment): Promise<string | undefined> {
  const name =
    process.platform === 'darwin'
      ? 'osxkeychain'
      : (await isInstalled('pass', env))
        ? 'pass'
        : 'secretservice'
  return (await isInstalled(`docker-credential-${name}`, env)) ? name : undefined
}

async function isInstalled(program: string, env: Environment): Promise<boolean> {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return true
  }
  return false
}
