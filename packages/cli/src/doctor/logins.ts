import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type JsonObject, readJsonFile } from '@berth/client/credentials/json-file.ts'
import { openCredentials } from '@berth/client/credentials/credential-store.ts'
import { findTool, runTool } from '../tool.ts'
import { type Answer, type Check, fail, ok, type Subject, skipped, warn } from './check.ts'
import { dockerFolder } from './docker-endpoint.ts'
import { answerOfError } from './run-checks.ts'

const group = 'logins'
const registriesMax = 20

/** The file of logins, the helpers that it names, and each login that is stored. */
export function loginChecks(subject: Subject): readonly Check[] {
  return [
    { group, name: 'docker config', run: () => checkConfig(subject) },
    { group, name: 'credential helpers', run: (signal) => checkHelpers(subject, signal) },
    { group, name: 'stored logins', run: (signal) => checkLogins(subject, signal) },
  ]
}

async function checkConfig(subject: Subject): Promise<Answer> {
  const path = join(dockerFolder(subject), 'config.json')
  const config = await readJsonFile(path)
  if (config === undefined) return skipped(`there is no ${path}`)
  const { mode, uid } = await stat(path)
  const secrets = Object.values(objectOf(config.auths)).filter(holdsSecret).length
  const shown = path.startsWith(`${subject.home}/`) ? `~${path.slice(subject.home.length)}` : path
  const seen = `${shown}, mode ${(mode & 0o777).toString(8).padStart(4, '0')}, ${secrets} login${secrets === 1 ? '' : 's'} in it`
  const mine = process.getuid?.() ?? uid
  if (mine !== 0 && uid !== mine) {
    return warn(`${seen}; it belongs to another user`, `Take it over: sudo chown "$USER" ${path}`)
  }
  if (secrets > 0 && (mode & 0o077) !== 0) {
    return warn(`${seen}; other users can read it`, `Keep it to yourself: chmod 600 ${path}`)
  }
  return ok(seen)
}

async function checkHelpers(
  subject: Subject,
  signal: AbortSignal,
): Promise<readonly Answer[] | Answer> {
  const path = join(dockerFolder(subject), 'config.json')
  // A broken file is told of by "docker config".
  const config = await readJsonFile(path).catch(() => undefined)
  const named = [config?.credsStore, ...Object.values(objectOf(config?.credHelpers))]
  const helpers = [...new Set(named)].filter((each) => typeof each === 'string' && each !== '')
  if (helpers.length === 0) return skipped('none is named')
  return Promise.all(helpers.map((helper) => checkHelper(String(helper), path, subject, signal)))
}

async function checkHelper(
  helper: string,
  path: string,
  { env }: Subject,
  signal: AbortSignal,
): Promise<Answer> {
  const tool = `docker-credential-${helper}`
  if (!/^[A-Za-z0-9._-]+$/.test(helper)) {
    return { name: 'helper', ...fail(`${path} names a helper that is no name`, `Correct ${path}.`) }
  }
  if ((await findTool(tool, env)) === undefined) {
    return {
      name: tool,
      ...fail(
        `${path} names it, and it is not installed`,
        `Install it, or take "${helper}" out of ${path}.`,
      ),
    }
  }
  const { status, stdout, stderr } = await runTool(tool, ['list'], { env, signal })
  if (status === 0 && isObject(stdout)) return { name: tool, ...ok('installed, and answers') }
  const said = (stderr || stdout).trim().split('\n')[0]?.slice(0, 120) ?? ''
  return {
    name: tool,
    ...warn(`"list" fails with status ${status}: ${said}`, `Try it: ${tool} list`),
  }
}

async function checkLogins(
  subject: Subject,
  signal: AbortSignal,
): Promise<readonly Answer[] | Answer> {
  const { env, home } = subject
  const store = openCredentials({ env, home })
  const faults: Answer[] = []
  const known = await store.list((fault) => {
    faults.push(answerOfError(fault))
  }, signal)
  const registries = [...new Set(known.map(({ registry }) => registry))]
    .filter((each) => !each.includes('*'))
    .slice(0, registriesMax)
  if (registries.length === 0) return faults.length > 0 ? faults : skipped('none')
  const client = await subject.client()
  const answers = await Promise.all(
    registries.map(async (registry): Promise<Answer> => {
      const name = `login to ${registry}`
      try {
        await client.checkCredentials(registry, signal)
        return { name, ...ok('accepted') }
      } catch (error) {
        return { name, ...answerOfError(error) }
      }
    }),
  )
  return [...answers, ...faults]
}

function holdsSecret(entry: unknown): boolean {
  const { auth, identitytoken, registrytoken, password } = objectOf(entry)
  return [auth, identitytoken, registrytoken, password].some(
    (each) => each !== undefined && each !== '',
  )
}

function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {}
}

function isObject(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}
