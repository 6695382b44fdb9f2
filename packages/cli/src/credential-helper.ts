import { homedir } from 'node:os'
import { join } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import type { Credentials } from '@berth/client/credentials/credentials.ts'
import { editJsonFile, type JsonObject, readJsonFile } from '@berth/client/credentials/json-file.ts'
import { parseRegistryKey } from '@berth/client/credentials/registry-key.ts'

/**
 * `docker-credential-berth`: docker's protocol for credential helpers. Docker starts it for every registry that it talks
 * to, so that nothing is loaded before it is needed: no command line, no kinds of registries, no schemas.
 */

/** Docker and the others know this sentence, on standard output, as "nothing is stored". */
const notFound = 'credentials not found in native keychain'
const inputMax = 1024 * 1024
const tokenUser = '<token>'

type Secret = { readonly username: string; readonly secret: string }

const { env, stdin, stdout } = process

async function main(action: string): Promise<void> {
  switch (action) {
    case 'get':
      return get((await readInput()).trim())
    case 'store':
      return store(await readInput())
    case 'erase':
      return erase((await readInput()).trim())
    case 'list':
      return list()
    default:
      throw new Error(
        'usage: docker-credential-berth <get|store|erase|list>, what to do it with comes on standard input',
      )
  }
}

/** What was stored; else what the surroundings give (the keys of AWS, Google's metadata), made anew each time. */
async function get(serverUrl: string): Promise<void> {
  const registry = registryOf(serverUrl)
  const { username, secret } = (await readSecret(registry)) ?? (await ambientSecret(registry)) ?? {}
  if (username === undefined || secret === undefined) throw new Error(notFound)
  print({ ServerURL: serverUrl, Username: username, Secret: secret })
}

async function store(input: string): Promise<void> {
  const { ServerURL, Username, Secret } = parseInput(input)
  if (typeof ServerURL !== 'string' || ServerURL === '')
    throw new Error('no credentials server URL')
  if (typeof Username !== 'string' || Username === '') throw new Error('no credentials username')
  if (typeof Secret !== 'string') throw new Error('no credentials secret')
  const registry = registryOf(ServerURL)
  await editJsonFile(pathOf(), (root) => {
    root[registry] = { serverUrl: ServerURL, username: Username, secret: Secret }
    return true
  })
}

async function erase(serverUrl: string): Promise<void> {
  const registry = registryOf(serverUrl)
  await editJsonFile(pathOf(), (root) => {
    if (!Object.hasOwn(root, registry)) return false
    delete root[registry]
    return true
  })
}

async function list(): Promise<void> {
  const root = (await readJsonFile(pathOf())) ?? {}
  const entries = Object.values(root).flatMap((entry) => {
    const { serverUrl, username } = (entry ?? {}) as JsonObject
    return typeof serverUrl === 'string' && typeof username === 'string'
      ? [[serverUrl, username] as const]
      : []
  })
  print(Object.fromEntries(entries))
}

/** `$XDG_DATA_HOME/berth/credentials.json`, mode 0600 and not encrypted. */
function pathOf(): string {
  const data = env.XDG_DATA_HOME ?? ''
  const home = env.HOME ?? homedir()
  return join(data === '' ? join(home, '.local/share') : data, 'berth/credentials.json')
}

async function readSecret(registry: string): Promise<Secret | undefined> {
  const root = (await readJsonFile(pathOf())) ?? {}
  const entry = (Object.hasOwn(root, registry) ? root[registry] : undefined) as
    | Partial<Secret>
    | undefined
  const { username, secret } = entry ?? {}
  return typeof username === 'string' && typeof secret === 'string'
    ? { username, secret }
    : undefined
}

async function ambientSecret(registry: string): Promise<Secret | undefined> {
  const { kindByHost } = await import('@berth/client/kinds/kinds.ts')
  const kind = kindByHost(registry)
  if (kind?.ambientCredentials === undefined) return undefined
  const { Transport } = await import('@berth/client/transport/transport.ts')
  const transport = new Transport({ env })
  try {
    const found = await kind.ambientCredentials({ registry, transport, env })
    return found === undefined ? undefined : secretOf(found.credentials)
  } finally {
    transport.close()
  }
}

function secretOf(credentials: Credentials): Secret | undefined {
  switch (credentials.kind) {
    case 'password':
      return { username: credentials.username, secret: credentials.password }
    case 'identityToken':
      return { username: tokenUser, secret: credentials.token }
    case 'accessToken':
    case 'anonymous':
      // The protocol has no form for them.
      return undefined
  }
}

function registryOf(serverUrl: string): string {
  if (serverUrl === '') throw new Error('no credentials server URL')
  const parsed = parseRegistryKey(serverUrl)
  // Docker also keeps other secrets under addresses of its own; they are kept under those.
  return parsed === undefined || parsed.namespace !== undefined ? serverUrl : parsed.registry
}

function parseInput(input: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(input)
  } catch {
    // The runtime's message would quote the secret.
  }
  if (typeof value === 'object' && value !== null) return value as JsonObject
  throw new Error('what came on standard input is not an object of JSON')
}

async function readInput(): Promise<string> {
  let size = 0
  stdin.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > inputMax) stdin.destroy(new Error('what came on standard input is too long'))
  })
  return readAll(stdin)
}

function print(answer: unknown): void {
  stdout.write(`${JSON.stringify(answer)}\n`)
}

// Not awaited at the top level, which the single executable could not hold.
void main(process.argv[2] ?? '').catch((error: unknown) => {
  // Where the protocol has errors: docker shows what stands there.
  stdout.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
