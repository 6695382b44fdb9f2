import { spawn } from 'node:child_process'
import { ClientError } from '../client-error.ts'
import type { Environment } from '../transport/transport.ts'
import type { Credentials } from './credentials.ts'

export type HelperOptions = {
  /** Its `PATH` is where the helper is looked for; all of it is passed on. */
  readonly env: Environment
  readonly signal?: AbortSignal | undefined
  /** How long the helper may take; it may have to ask a person for a passphrase. Default 60,000 ms. */
  readonly timeLimit?: number | undefined
}

const outputMax = 1024 * 1024
const nameGrammar = /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/
const notFound = 'credentials not found in native keychain'
/** As the user name it says that the secret is an identity token. */
const tokenUser = '<token>'

/**
 * Docker's protocol with the programs `docker-credential-<name>`: what is asked goes to standard input and comes from
 * standard output, so that no secret ever stands on a command line. All functions throw `toolMissing` when the program
 * is not installed, and `toolFailed` when it fails, says too much or takes too long.
 */
export async function getFromHelper(
  name: string,
  serverUrl: string,
  options: HelperOptions,
): Promise<Credentials | undefined> {
  const { status, text } = await call(name, 'get', serverUrl, options)
  if (status !== 0) {
    if (text === notFound) return undefined
    throw failed(name, 'get', text)
  }
  const answer = parseObject(name, 'get', text)
  const { Username: username, Secret: secret } = answer
  if (typeof username !== 'string' || typeof secret !== 'string') {
    throw failed(name, 'get', 'it answered without Username and Secret')
  }
  if (username === '' && secret === '') return undefined
  if (username === tokenUser) return { kind: 'identityToken', username, token: secret }
  return { kind: 'password', username, password: secret }
}

/** Gives it credentials to keep. Throws `unsupported` for an access token, for which the protocol has no form. */
export async function storeInHelper(
  name: string,
  serverUrl: string,
  credentials: Credentials,
  options: HelperOptions,
): Promise<void> {
  if (credentials.kind !== 'password' && credentials.kind !== 'identityToken') {
    throw new ClientError(
      'unsupported',
      `Credential helpers such as ${programOf(name)} keep passwords and identity tokens only.`,
    )
  }
  const isToken = credentials.kind === 'identityToken'
  const secret = isToken ? credentials.token : credentials.password
  const input = JSON.stringify({
    ServerURL: serverUrl,
    Username: isToken ? tokenUser : credentials.username,
    Secret: secret,
  })
  const { status, text } = await call(name, 'store', input, options)
  if (status !== 0) throw failed(name, 'store', text.replaceAll(secret, '…'))
}

/** Says whether there was anything to take away, as far as the helper tells. */
export async function eraseFromHelper(
  name: string,
  serverUrl: string,
  options: HelperOptions,
): Promise<boolean> {
  const { status, text } = await call(name, 'erase', serverUrl, options)
  if (status === 0) return true
  if (text === notFound) return false
  throw failed(name, 'erase', text)
}

/** The addresses that it keeps something for, with the user names. */
export async function listHelper(
  name: string,
  options: HelperOptions,
): Promise<ReadonlyMap<string, string>> {
  const { status, text } = await call(name, 'list', '', options)
  if (status !== 0) throw failed(name, 'list', text)
  const entries = Object.entries(parseObject(name, 'list', text))
  return new Map(entries.map(([url, user]) => [url, String(user)]))
}

function programOf(name: string): string {
  return `docker-credential-${name}`
}

async function call(
  name: string,
  action: 'get' | 'store' | 'erase' | 'list',
  input: string,
  { env, signal, timeLimit = 60_000 }: HelperOptions,
): Promise<{ status: number; text: string }> {
  if (!nameGrammar.test(name)) {
    throw new ClientError('inputInvalid', `${JSON.stringify(name)} is not the name of a helper.`)
  }
  signal?.throwIfAborted()
  const limit = AbortSignal.timeout(timeLimit)
  const stop = signal === undefined ? limit : AbortSignal.any([signal, limit])
  return new Promise((resolve, reject) => {
    const child = spawn(programOf(name), [action], {
      env: { ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      signal: stop,
      killSignal: 'SIGKILL',
    })
    const output = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text
        if (output[stream].length <= outputMax) return
        reject(failed(name, action, `it said more than ${outputMax} bytes`))
        child.kill('SIGKILL')
      })
    }
    child.once('error', (cause: NodeJS.ErrnoException) => {
      child.stdout.destroy()
      child.stderr.destroy()
      if (signal?.aborted === true) {
        reject(new ClientError('cancelled', 'It was stopped.', { cause }))
      } else if (limit.aborted) {
        reject(failed(name, action, `it took longer than ${timeLimit / 1000} s`))
      } else if (cause.code === 'ENOENT') {
        reject(missing(name, cause))
      } else
        reject(failed(name, action, `it could not be started (${cause.code ?? cause.message})`))
    })
    child.once('close', (status) => {
      // Helpers say what went wrong on standard output; those that crash, on the other.
      const text = status === 0 ? output.stdout : output.stdout.trim() || output.stderr
      resolve({ status: status ?? 1, text: text.trim() })
    })
    // It may end without having read everything.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** What came is not quoted: it may be the secret. */
function parseObject(name: string, action: string, text: string): Record<string, unknown> {
  try {
    const answer: unknown = JSON.parse(text)
    if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) {
      return answer as Record<string, unknown>
    }
  } catch {
    // Told below.
  }
  throw failed(name, action, 'its answer is not an object of JSON')
}

function missing(name: string, cause: unknown): ClientError {
  return new ClientError(
    'toolMissing',
    `The credential helper ${programOf(name)} is not installed.`,
    {
      next: 'Install it, or take it out of credsStore and credHelpers in the configuration of docker or podman.',
      cause,
    },
  )
}

function failed(name: string, action: string, text: string): ClientError {
  const said = text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 300)
  return new ClientError(
    'toolFailed',
    `The credential helper ${programOf(name)} failed at "${action}": ${said === '' ? 'it did not say why' : said}.`,
  )
}
