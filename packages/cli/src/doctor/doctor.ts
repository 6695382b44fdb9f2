import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isClientError } from '@berth/client/client-error.ts'
import { openCredentials } from '@berth/client/credentials/credential-store.ts'
import {
  parseImageReference,
  parseRegistryHost,
  type RepositoryAddress,
} from '@berth/client/image-reference.ts'
import { homeOf } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { builderChecks } from './builders.ts'
import type { Finding, Subject } from './check.ts'
import { loginChecks } from './logins.ts'
import { machineChecks } from './machine.ts'
import { registryChecks } from './registries.ts'
import { runChecks } from './run-checks.ts'

export type DoctorOptions = {
  /** Registries and repositories to look at. Default: those of `file`, else those with a stored login. */
  readonly names: readonly string[]
  readonly file: string
  readonly timeoutMs: number
  readonly caFiles: readonly string[]
  readonly plainHttp: readonly string[]
}

const registriesMax = 10

/** Looks at everything that a push, a pull or a build needs, all at once. Throws `referenceInvalid` for a wrong name. */
export async function examine(
  context: CommandContext,
  options: DoctorOptions,
): Promise<readonly Finding[]> {
  const subject = await readSubject(context, options)
  const checks = [
    ...machineChecks(subject),
    ...builderChecks(subject),
    ...loginChecks(subject),
    ...registryChecks(subject),
  ]
  return runChecks(checks, { timeoutMs: options.timeoutMs, signal: context.signal })
}

async function readSubject(context: CommandContext, options: DoctorOptions): Promise<Subject> {
  const { env, cwd } = context.terminal
  const home = homeOf(env)
  const named = options.names.map(parseName)
  const file = await readServices(resolve(cwd, options.file), env)
  const repositories =
    named.length > 0 ? named.flatMap(({ repository }) => repository) : file.repositories
  const registries =
    named.length > 0
      ? named.map(({ registry }) => registry)
      : file.repositories.length > 0
        ? file.repositories.map(({ registry }) => registry)
        : await storedRegistries(env, home)
  return {
    env,
    home,
    cwd,
    registries: [...new Set(registries)].slice(0, Math.max(registriesMax, named.length)),
    repositories,
    platforms: file.platforms,
    certificates: await Promise.all(
      options.caFiles.map((path) => readFile(resolve(cwd, path), 'utf8')),
    ),
    plainHttp: new Set(options.plainHttp.map(parseRegistryHost)),
    client: () => context.client(),
  }
}

/** `ghcr.io` is a registry, `ghcr.io/acme/api` a repository of one. */
function parseName(text: string): { registry: string; repository: RepositoryAddress[] } {
  if (
    !text
      .replace(/^https?:\/\//, '')
      .replace(/\/+$/, '')
      .includes('/')
  ) {
    return { registry: parseRegistryHost(text), repository: [] }
  }
  const { registry, repository } = parseImageReference(text)
  return { registry, repository: [{ registry, repository }] }
}

async function readServices(
  path: string,
  env: Subject['env'],
): Promise<{ repositories: readonly RepositoryAddress[]; platforms: readonly string[] }> {
  try {
    // Loaded only here: reading YAML takes longer than all the rest.
    const { readBuildFile } = await import('../build/build-file.ts')
    const { services } = await readBuildFile(path, { variables: env })
    return {
      repositories: services.map(({ address }) => address),
      platforms: [...new Set(services.flatMap(({ platforms = [] }) => platforms))],
    }
  } catch (error) {
    if (isClientError(error, 'notFound')) return { repositories: [], platforms: [] }
    throw error
  }
}

async function storedRegistries(env: Subject['env'], home: string): Promise<readonly string[]> {
  // What is wrong with the files or the helpers is told by the checks of logins.
  const known = await openCredentials({ env, home })
    .list(() => {})
    .catch(() => [])
  return known.map(({ registry }) => registry).filter((each) => !each.includes('*'))
}
