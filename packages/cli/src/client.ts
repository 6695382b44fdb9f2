import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import {
  type CredentialStore,
  openCredentials,
} from '@berth/client/credentials/credential-store.ts'
import { parseRegistryHost } from '@berth/client/image-reference.ts'
import type { KindName } from '@berth/client/kinds/kind.ts'
import { kindByHost, kindNamed } from '@berth/client/kinds/kinds.ts'
import {
  RegistryClient,
  type RegistryClientOptions,
} from '@berth/client/registry/registry-client.ts'
import {
  certificateFolders,
  readRegistryCertificates,
} from '@berth/client/transport/registry-certificates.ts'
import { type Environment, Transport } from '@berth/client/transport/transport.ts'
import { formatDuration } from './format.ts'
import type { Output } from './output.ts'
import type { GlobalOptions } from './global-options.ts'
import { version } from './version.ts'

/** A wait that a person would wonder about is told. */
const toldWaitMs = 3000

/** The one client of a command: the user's logins, trust and proxies, and what the global options say. */
export function openClient(options: GlobalOptions, output: Output): RegistryClient {
  return new RegistryClient(openClientParts(options, output))
}

/** What a client is made of, for commands that deal with logins or show other credentials than the stored ones. */
export function openClientParts(options: GlobalOptions, output: Output): ClientParts {
  const { env } = output.terminal
  const home = homeOf(env)
  const transportFor = transports(options, output, home)
  const kindOf = parseKinds(options.kind)
  const credentials = openCredentials({
    env,
    home,
    ambient: async (registry, signal) => {
      const named = kindOf.get(registry)
      const kind = named === undefined ? kindByHost(registry) : kindNamed(named)
      return kind?.ambientCredentials?.({
        registry,
        transport: transportFor(registry),
        env,
        signal,
      })
    },
  })
  return {
    transportFor,
    credentials,
    plainHttp: new Set(options.plainHttp?.map(parseRegistryHost)),
    kindOf,
    env,
    journalFolder: join(stateFolder(env), 'uploads'),
  }
}

export type ClientParts = RegistryClientOptions & { readonly credentials: CredentialStore }

/** The user's home folder, as the environment gives it. */
export function homeOf(env: Environment): string {
  return env.HOME ?? homedir()
}

/** Where Berth keeps what another run may go on with (XDG base directories). */
export function stateFolder(env: Environment): string {
  return join(env.XDG_STATE_HOME ?? join(homeOf(env), '.local/state'), 'berth')
}

/** Where Berth keeps what can be had again: a folder of this name (XDG base directories). */
export function cacheFolder(env: Environment, name: string): string {
  return join(env.XDG_CACHE_HOME ?? join(homeOf(env), '.cache'), 'berth', name)
}

/** Where Berth keeps data of the user (XDG base directories). */
export function dataFolder(env: Environment): string {
  return join(env.XDG_DATA_HOME ?? join(homeOf(env), '.local/share'), 'berth')
}

/** One transport for all registries without certificates of their own, and one for each other. */
function transports(
  options: GlobalOptions,
  output: Output,
  home: string,
): (registry: string) => Transport {
  const { env } = output.terminal
  const named = (options.caFile ?? []).map(readAuthority)
  const made = new Map<string, Transport>()
  const make = (certificates: ReturnType<typeof readRegistryCertificates>): Transport =>
    new Transport({
      env,
      certificates: [...named, ...certificates.authorities],
      clientCertificate: certificates.client,
      userAgent: `berth/${version}`,
      onRetry: ({ reason, waitMs }) => {
        if (waitMs >= toldWaitMs) output.note(`Waiting ${formatDuration(waitMs)}: ${reason}`)
      },
    })
  return (registry) => {
    const certificates = readRegistryCertificates(registry, certificateFolders(home))
    const isOwn = certificates.authorities.length > 0 || certificates.client !== undefined
    const key = isOwn ? registry : ''
    const transport = made.get(key) ?? make(certificates)
    made.set(key, transport)
    return transport
  }
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ClientError('localFault', `The authority ${file} cannot be read.`, {
      next: 'Give the path of a PEM file with --ca-file.',
      cause,
    })
  }
}

/** `--kind registry=name`. */
function parseKinds(given: readonly string[] = []): ReadonlyMap<string, KindName> {
  return new Map(
    given.map((text) => {
      const equals = text.lastIndexOf('=')
      if (equals < 1) {
        throw new ClientError('inputInvalid', `--kind ${text} has no "=".`, {
          next: 'Write it as --kind registry.example.com=harbor.',
        })
      }
      return [parseRegistryHost(text.slice(0, equals)), kindNamed(text.slice(equals + 1)).name]
    }),
  )
}
