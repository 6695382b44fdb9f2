import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, get as getHttp, type IncomingMessage } from 'node:http'
import { get as getHttps } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, startService } from './process.ts'

const main = join(import.meta.dirname, '../../packages/cli/src/main.js')

export type BerthOptions = {
  /** `selfSigned`: Berth makes its own authority; see {@link Berth.caFile}. Default: plain HTTP. */
  tls?: { hosts: readonly string[]; clientCertificates?: unknown } | undefined
  /** For what must be known before it starts, such as its own address. Default: any free port. */
  port?: number | undefined
  /** Settings of the configuration file, beside those that the other options give. */
  config?: Readonly<Record<string, unknown>> | undefined
  /** An existing data folder, which then outlives the server. Default: an own one, removed by `stop`. */
  dataDirectory?: string | undefined
  env?: Readonly<Record<string, string>> | undefined
  /** Without a password in its settings, so that it waits for its first administrator to set it up. */
  isNew?: boolean | undefined
}

/** A Berth that was started the way users start it, as a process of its own. */
export type Berth = {
  readonly pid: number
  /** `127.0.0.1:<port>`, as clients name it. */
  readonly host: string
  readonly port: number
  readonly origin: string
  readonly username: string
  readonly password: string
  readonly dataDirectory: string
  /** The authority of the self-signed certificate; exists only with `tls`. */
  readonly caFile: string
  readonly logs: () => string
  stop(): Promise<void>
}

const agent = new Agent({ keepAlive: false })

async function status(origin: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = origin.startsWith('https:')
      ? getHttps(`${origin}${path}`, { rejectUnauthorized: false, agent: false }, onResponse)
      : getHttp(`${origin}${path}`, { agent }, onResponse)
    request.once('error', reject)
    request.setTimeout(5_000, () => request.destroy(new Error('no answer within 5 s')))
    function onResponse(response: IncomingMessage): void {
      response.resume()
      resolve(response.statusCode ?? 0)
    }
  })
}

/** Starts `berth serve` on a free port and waits until it says that it is ready. */
export async function startBerth(options: BerthOptions = {}): Promise<Berth> {
  const scratch = await mkdtemp(join(tmpdir(), 'berth-test-'))
  const dataDirectory = options.dataDirectory ?? join(scratch, 'data')
  const port = options.port ?? (await freePort())
  const password = 'correct horse battery'
  const configFile = join(scratch, 'berth.yaml')
  const http = {
    port,
    ...(options.tls ? { tls: { kind: 'selfSigned', ...options.tls } } : {}),
  }
  // JSON is YAML.
  await writeFile(configFile, JSON.stringify({ http, metrics: { port: 0 }, ...options.config }))
  const origin = `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`
  const removeScratch = (): Promise<void> => rm(scratch, { recursive: true, force: true })
  try {
    const service = await startService(process.execPath, [main, 'serve', '--config', configFile], {
      cwd: scratch,
      env: {
        BERTH_DATA_DIRECTORY: dataDirectory,
        ...(options.isNew !== true && { BERTH_ACCESS__ADMINISTRATOR__PASSWORD: password }),
        ...options.env,
      },
      isReady: async () => (await status(origin, '/readyz')) === 200,
      stopSeconds: 40,
    })
    return {
      pid: service.pid,
      host: `127.0.0.1:${port}`,
      port,
      origin,
      username: 'admin',
      password,
      dataDirectory,
      caFile: join(dataDirectory, 'tls/ca.pem'),
      logs: service.logs,
      async stop() {
        await service.stop()
        await removeScratch()
      },
    }
  } catch (error) {
    await removeScratch()
    throw error
  }
}
