import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

const program = join(import.meta.dirname, '../bin/docker-credential-berth')
const ecr = '123456789012.dkr.ecr.eu-central-1.amazonaws.com'

let home = ''
let env: Record<string, string> = {}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-helper-'))
  env = { HOME: home, PATH: process.env.PATH ?? '', XDG_DATA_HOME: join(home, 'data') }
})
afterEach(() => rm(home, { recursive: true, force: true }))

const file = (): string => join(home, 'data/berth/credentials.json')

async function call(action: string, input = ''): Promise<{ status: number; said: string }> {
  const child = spawn(program, [action], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const said = (await text(child.stdout)).trimEnd()
  const [status] = (await closed) as [number]
  return { status, said }
}

function store(url: string, user: string, secret: string) {
  return call('store', JSON.stringify({ ServerURL: url, Username: user, Secret: secret }))
}

describe('docker-credential-berth', () => {
  test('keeps, gives, lists and forgets', async () => {
    expect(await store('https://index.docker.io/v1/', 'ann', 's "é"')).toEqual({
      status: 0,
      said: '',
    })
    await store('ghcr.io', '<token>', 't')
    expect(JSON.parse((await call('get', 'https://index.docker.io/v1/\n')).said)).toEqual({
      ServerURL: 'https://index.docker.io/v1/',
      Username: 'ann',
      Secret: 's "é"',
    })
    // Other clients ask for the same registry in other words.
    expect(JSON.parse((await call('get', 'docker.io')).said)).toMatchObject({ Username: 'ann' })
    expect(JSON.parse((await call('list')).said)).toEqual({
      'https://index.docker.io/v1/': 'ann',
      'ghcr.io': '<token>',
    })
    expect((await stat(file())).mode & 0o777).toBe(0o600)
    expect(await call('erase', 'index.docker.io')).toEqual({ status: 0, said: '' })
    expect(await call('get', 'https://index.docker.io/v1/')).toEqual({
      status: 1,
      said: 'credentials not found in native keychain',
    })
  })

  test('the further secrets that docker keeps do not replace the login', async () => {
    await store('https://index.docker.io/v1/', 'ann', 'login')
    await store('https://index.docker.io/v1/refresh-token', 'ann', 'other')
    const { said } = await call('get', 'https://index.docker.io/v1/')
    expect(JSON.parse(said)).toMatchObject({ Secret: 'login' })
  })

  test.each([
    ['store', '{"Secret":"hunter2"'],
    ['store', '{"ServerURL":"","Username":"ann","Secret":"hunter2"}'],
    ['store', '{"ServerURL":"ghcr.io","Username":"","Secret":"hunter2"}'],
    ['get', ''],
    ['steal', ''],
  ])('refuses %s of %s, and repeats nothing', async (action, input) => {
    const { status, said } = await call(action, input)
    expect(status).toBe(1)
    expect(said).not.toBe('')
    expect(said).not.toContain('hunter2')
    await expect(readFile(file())).rejects.toThrow('ENOENT')
  })
})

describe('what the surroundings give', () => {
  let aws: Server
  let asked = 0
  beforeAll(async () => {
    aws = createServer((request, response) => {
      request.resume().on('end', () => {
        asked += 1
        const authorizationToken = Buffer.from(`AWS:made${asked}`).toString('base64')
        const expiresAt = Math.floor(Date.now() / 1000) + 12 * 3600
        response.setHeader('Content-Type', 'application/x-amz-json-1.1')
        response.end(JSON.stringify({ authorizationData: [{ authorizationToken, expiresAt }] }))
      })
    })
    aws.listen(0, '127.0.0.1')
    await once(aws, 'listening')
  })
  afterAll(() => aws.close())

  test('a token of Amazon ECR is made by the keys that are there, anew each time', async () => {
    expect((await call('get', ecr)).said).toBe('credentials not found in native keychain')
    env.AWS_ACCESS_KEY_ID = 'AKIAEXAMPLE'
    env.AWS_SECRET_ACCESS_KEY = 'example'
    env.AWS_ENDPOINT_URL_ECR = `http://127.0.0.1:${(aws.address() as AddressInfo).port}`
    for (const secret of ['made1', 'made2']) {
      const { said } = await call('get', ecr)
      expect(JSON.parse(said)).toEqual({ ServerURL: ecr, Username: 'AWS', Secret: secret })
    }
    await expect(readFile(file())).rejects.toThrow('ENOENT')
  })
})
