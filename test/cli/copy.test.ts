import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { pseudoRandomStream, sha256 } from '../fixtures/content.ts'
import { type Berth, startBerth } from '../tools/berth.ts'
import { type RecordingProxy, startRecordingProxy } from '../tools/recording-proxy.ts'

const mebibyte = 1024 ** 2
const size = 400 * mebibyte
const chunk = 64 * mebibyte
const program = join(import.meta.dirname, '../../packages/cli/bin/berth')

let [source, target]: Berth[] = []
let proxy: RecordingProxy
let home: string
let layer: string

beforeAll(async () => {
  ;[source, target] = await Promise.all([startBerth(), startBerth()])
  proxy = await startRecordingProxy(target.port)
  home = await mkdtemp(join(tmpdir(), 'berth-copy-home-'))
  const auth = ({ username, password }: Berth) => ({
    auth: Buffer.from(`${username}:${password}`).toString('base64'),
  })
  const auths = { [source.host]: auth(source), [proxy.host]: auth(target) }
  await writeFile(join(home, 'config.json'), JSON.stringify({ auths }), { mode: 0o600 })
  layer = await storeImage(source)
})
beforeEach(() => proxy.clear())
afterAll(async () => {
  await proxy?.stop()
  await Promise.all([source?.stop(), target?.stop()])
  await rm(home, { recursive: true, force: true })
})

/** An image with one large layer, pushed as any client would. Gives the layer's digest. */
async function storeImage(berth: Berth): Promise<string> {
  const authorization = `Basic ${Buffer.from(`${berth.username}:${berth.password}`).toString('base64')}`
  const put = async (digest: string, body: RequestInit['body']): Promise<void> => {
    const answer = await fetch(`${berth.origin}/v2/acme/big/blobs/uploads/?digest=${digest}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/octet-stream' },
      body,
      duplex: 'half',
    } as RequestInit)
    expect(answer.status).toBe(201)
  }
  const { createHash } = await import('node:crypto')
  const hash = createHash('sha256')
  for await (const piece of pseudoRandomStream('big', size)) hash.update(piece as Buffer)
  const digest = `sha256:${hash.digest('hex')}`
  await put(digest, pseudoRandomStream('big', size))
  const config = Buffer.from('{"os":"linux","architecture":"amd64"}')
  await put(sha256(config), config)
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: sha256(config),
      size: config.length,
    },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size }],
  })
  const answer = await fetch(`${berth.origin}/v2/acme/big/manifests/v1`, {
    method: 'PUT',
    headers: { authorization, 'content-type': mediaType },
    body: manifest,
  })
  expect(answer.status).toBe(201)
  return digest
}

function start(...args: string[]): { child: ChildProcess; said: () => string } {
  const { DOCKER_HOST: _docker, ...rest } = process.env
  const env = { ...rest, HOME: home, DOCKER_CONFIG: home, XDG_STATE_HOME: join(home, 'state') }
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  }
  return { child, said: () => text }
}

/** Bytes of request bodies that went to the target so far, those under way not counted. */
const sentBytes = (): number =>
  proxy.requests.reduce((sum, { requestBytes }) => sum + requestBytes, 0)

const uploaded = (): number =>
  proxy.requests.filter(({ method, status }) => method === 'PATCH' && status === 202).length

async function copyAndKill(name: string, signal: NodeJS.Signals): Promise<number> {
  const { child } = start(
    'copy',
    '--quiet',
    `${source?.host}/acme/big:v1`,
    `${proxy.host}/${name}:v1`,
  )
  const gone = once(child, 'close')
  while (uploaded() < 3 && child.exitCode === null) await sleep(5)
  child.kill(signal)
  const [code] = (await gone) as [number | null]
  // What was under way is noted when its connection has ended.
  await sleep(500)
  return code ?? -1
}

describe('a copy that is ended half way', () => {
  test.each(['SIGKILL', 'SIGTERM'] as const)(
    '%s: the next run carries on, and sends one chunk again at most',
    async (signal) => {
      const name = `acme/${signal.toLowerCase()}`
      const code = await copyAndKill(name, signal)
      if (signal === 'SIGTERM') expect(code).toBe(130)
      expect(uploaded()).toBeGreaterThanOrEqual(3)
      expect(uploaded()).toBeLessThan(size / chunk - 1)
      const { child, said } = start(
        'copy',
        '--json',
        '--quiet',
        `${source?.host}/acme/big:v1`,
        `${proxy.host}/${name}:v1`,
      )
      const [status] = (await once(child, 'close')) as [number]
      expect(said()).toContain('"resumed": 1')
      expect(status).toBe(0)
      // Config and manifest are a few hundred bytes.
      expect(sentBytes()).toBeLessThanOrEqual(size + chunk + 10_000)
      const stat = await fetch(`${target?.origin}/v2/${name}/blobs/${layer}`, {
        method: 'HEAD',
        headers: {
          authorization: `Basic ${Buffer.from(`${target?.username}:${target?.password}`).toString('base64')}`,
        },
      })
      expect(stat.headers.get('content-length')).toBe(String(size))
    },
  )

  test('the registry forgot the upload: it begins anew and arrives', async () => {
    await copyAndKill('acme/forgotten', 'SIGKILL')
    const session = proxy.requests.findLast(({ method }) => method === 'PATCH')?.url
    const authorization = `Basic ${Buffer.from(`${target?.username}:${target?.password}`).toString('base64')}`
    const { pathname } = new URL(session ?? '', 'http://there')
    await fetch(`${target?.origin}${pathname}`, { method: 'DELETE', headers: { authorization } })
    const { child } = start(
      'copy',
      '--quiet',
      `${source?.host}/acme/big:v1`,
      `${proxy.host}/acme/forgotten:v1`,
    )
    expect((await once(child, 'close'))[0]).toBe(0)
  })
})

test('a pipe gets no control characters, the result alone on standard output', async () => {
  const { child } = start('copy', `${source?.host}/acme/big:v1`, `${proxy.host}/acme/piped:v1`)
  const texts = { stdout: '', stderr: '' }
  child.stdout?.on('data', (piece: string) => (texts.stdout += piece))
  child.stderr?.on('data', (piece: string) => (texts.stderr += piece))
  expect((await once(child, 'close'))[0]).toBe(0)
  // eslint-disable-next-line no-control-regex
  expect(texts.stdout + texts.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  expect(texts.stdout).toMatch(/^127\.0\.0\.1:\d+\/acme\/piped:v1@sha256:[0-9a-f]{64}\nBlobs: /)
})
