import { createHash } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import { type JsonObject, readJsonFile } from '@berth/client/credentials/json-file.ts'
import type { Subject } from './check.ts'

/** Where docker's daemon is asked for, and what says so. */
export type DockerEndpoint = { readonly url: URL; readonly from: string }

const bytesMax = 4 * 1024 * 1024

export function dockerFolder({ env, home }: Pick<Subject, 'env' | 'home'>): string {
  return env.DOCKER_CONFIG || join(home, '.docker')
}

/** As docker finds it: `DOCKER_HOST`, the context, the socket. Throws `inputInvalid` for what is no address. */
export async function dockerEndpoint(subject: Subject): Promise<DockerEndpoint> {
  const { env } = subject
  if (env.DOCKER_HOST) return { url: addressOf(env.DOCKER_HOST), from: 'DOCKER_HOST' }
  const folder = dockerFolder(subject)
  const config = await readJsonFile(join(folder, 'config.json')).catch(() => undefined)
  const name = env.DOCKER_CONTEXT || textOf(config?.currentContext)
  if (name !== undefined && name !== '' && name !== 'default') {
    const key = createHash('sha256').update(name).digest('hex')
    const meta = await readJsonFile(join(folder, 'contexts/meta', key, 'meta.json'))
    const endpoints = meta?.Endpoints as { docker?: JsonObject } | undefined
    const host = textOf(endpoints?.docker?.Host)
    if (host === undefined) {
      throw new ClientError('inputInvalid', `The docker context "${name}" does not exist.`, {
        next: 'Choose another with: docker context use default',
      })
    }
    return { url: addressOf(host), from: `the docker context "${name}"` }
  }
  return { url: new URL('unix:///var/run/docker.sock'), from: 'the default' }
}

/** Asks the daemon. Throws the error of the connection as it came. */
export function askDocker(
  { url }: DockerEndpoint,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const target =
      url.protocol === 'unix:'
        ? { socketPath: decodeURIComponent(url.pathname) }
        : { hostname: url.hostname, port: url.port || '2375' }
    const sent = request({ ...target, path, signal, headers: { Host: 'docker' }, agent: false })
    sent.once('error', reject)
    sent.once('response', (response: IncomingMessage) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
        if (body.length > bytesMax) response.destroy(new Error('docker answered too much'))
      })
      response.once('error', reject)
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, body })
      })
    })
    sent.end()
  })
}

function addressOf(text: string): URL {
  try {
    return new URL(text)
  } catch (cause) {
    throw new ClientError('inputInvalid', `DOCKER_HOST is no address: ${text.slice(0, 200)}.`, {
      next: 'Write it as unix:///var/run/docker.sock or tcp://host:2375, or unset it.',
      cause,
    })
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
