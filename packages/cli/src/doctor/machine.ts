import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isSea } from 'node:sea'
import { isLoopbackHost } from '@berth/client/transport/loopback.ts'
import semver from 'semver'
import { formatBytes } from '../format.ts'
import { version } from '../version.ts'
import { type Answer, type Check, fail, ok, type Subject, skipped, warn } from './check.ts'
import { askDocker, dockerEndpoint } from './docker-endpoint.ts'
import { proxyFor } from './proxies.ts'

const group = 'this machine'
const GiB = 1024 ** 3
/** Proxies by variable came to Node's own client with this one. */
const nodeMin = '24.5.0'

export function machineChecks(subject: Subject): readonly Check[] {
  return [
    {
      group,
      name: 'berth',
      run: () => Promise.resolve(ok(`${version}${isSea() ? ', one executable' : ''}`)),
    },
    { group, name: 'node', run: () => Promise.resolve(checkNode()) },
    { group, name: 'disk', run: (signal) => checkDisks(subject, signal) },
    { group, name: 'proxy', run: () => Promise.resolve(checkProxies(subject)) },
  ]
}

function checkNode(): Answer {
  const { node } = process.versions
  if (semver.gte(node, nodeMin)) return ok(node)
  return fail(node, `Install Node ${nodeMin} or newer, or use the single executable.`)
}

async function checkDisks(subject: Subject, signal: AbortSignal): Promise<readonly Answer[]> {
  const folders: [string, string][] = [
    ['disk for temporaries', subject.env.TMPDIR || tmpdir()],
    ['disk of this folder', subject.cwd],
  ]
  const dockerRoot = await findDockerRoot(subject, signal)
  if (dockerRoot !== undefined) folders.push(['disk of docker', dockerRoot])
  return Promise.all(folders.map(([name, folder]) => checkDisk(name, folder)))
}

async function checkDisk(name: string, folder: string): Promise<Answer> {
  try {
    const { bavail, bsize, blocks } = await statfs(folder)
    const [free, whole] = [bavail * bsize, blocks * bsize]
    const seen = `${folder}: ${formatBytes(free)} of ${formatBytes(whole)} free`
    const mend = `Make room on ${folder}: docker system prune, buildah prune, or berth gc on the server.`
    if (free < GiB / 2) return { name, ...fail(seen, mend) }
    if (free < 4 * GiB) return { name, ...warn(seen, mend) }
    return { name, ...ok(seen) }
  } catch (error) {
    const { message } = error as Error
    return { name, ...skipped(`${folder} cannot be looked at: ${message}`) }
  }
}

/** Only a daemon on this machine: the folder of another one is not here. */
async function findDockerRoot(subject: Subject, signal: AbortSignal): Promise<string | undefined> {
  try {
    const endpoint = await dockerEndpoint(subject)
    if (endpoint.url.protocol !== 'unix:') return undefined
    const { status, body } = await askDocker(endpoint, '/info', signal)
    const root = (JSON.parse(body) as { DockerRootDir?: unknown }).DockerRootDir
    return status === 200 && typeof root === 'string' ? root : undefined
  } catch {
    return undefined
  }
}

function checkProxies({ env, registries }: Subject): readonly Answer[] | Answer {
  const answers: Answer[] = []
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY']) {
    const [upper, lower] = [env[name], env[name.toLowerCase()]]
    const value = lower || upper
    if (!value) continue
    if (upper && lower && upper !== lower) {
      answers.push({
        name,
        ...warn(
          `${name} and ${name.toLowerCase()} differ`,
          'Set both to the same: programs read either the one or the other.',
        ),
      })
    } else if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
      answers.push({
        name,
        ...fail('it is no address of a proxy', `Write ${name} as http://host:port.`),
      })
    } else answers.push({ name, ...ok(new URL(value).host) })
  }
  if (answers.length === 0) return skipped('none is set')
  const swallowed = [
    'localhost',
    '127.0.0.1',
    ...registries.filter((each) => isLoopbackHost(hostOf(each))),
  ].filter((host) => proxyFor(new URL(`http://${host}`), env) !== undefined)
  if (swallowed.length > 0) {
    answers.push({
      name: 'NO_PROXY',
      ...warn(
        `${swallowed.join(', ')} would be asked of the proxy`,
        `Set NO_PROXY=${[env.NO_PROXY || env.no_proxy, 'localhost,127.0.0.1,::1'].filter(Boolean).join(',')}`,
      ),
    })
  } else answers.push({ name: 'NO_PROXY', ...ok(env.no_proxy || env.NO_PROXY || '') })
  return answers
}

const hostOf = (registry: string): string => new URL(`http://${registry}`).hostname
