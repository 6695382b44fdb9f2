import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttp, type RequestListener, type Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runBerth } from '../program.ts'
import type { Finding } from './check.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-doctor-'))
const servers: Server[] = []

/** Answers as a registry that lets anybody in, with a clock of its own. */
function registry(skewMs = 0): RequestListener {
  return (_request, response) => {
    response.sendDate = false
    response.setHeader('Date', new Date(Date.now() + skewMs).toUTCString())
    response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0')
    response.end('{}')
  }
}

async function listen(server: Server): Promise<string> {
  servers.push(server)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A home of its own, so that nothing of this machine's user is looked at. */
function home(config?: string, mode = 0o600): string {
  const made = mkdtempSync(join(folder, 'home-'))
  if (config !== undefined) {
    mkdirSync(join(made, '.docker'))
    writeFileSync(join(made, '.docker/config.json'), config)
    chmodSync(join(made, '.docker/config.json'), mode)
  }
  return made
}

async function doctor(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd = folder,
): Promise<{ code: number; find: (name: string | RegExp) => Finding; text: string }> {
  const texts = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr') =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        texts[name] += chunk.toString()
        done()
      },
    })
  const code = await runBerth(['--json', 'doctor', ...args], {
    stdin: Readable.from([]),
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    env: { PATH: process.env.PATH, ...env },
    cwd,
  })
  if (texts.stdout === '') throw new Error(texts.stderr)
  const { findings } = JSON.parse(texts.stdout) as { findings: Finding[] }
  return {
    code,
    text: texts.stdout,
    find: (name) => {
      const found = findings.find((each) =>
        typeof name === 'string' ? each.name === name : name.test(each.name),
      )
      if (found === undefined) throw new Error(`no ${String(name)} in ${texts.stdout}`)
      return found
    },
  }
}

/** A certificate for 127.0.0.1 that vouches for itself. */
function certificate(name: string, ...more: readonly string[]): { cert: Buffer; key: Buffer } {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-subj',
      `/CN=${name}`,
      ...more,
    ],
    { stdio: 'ignore' },
  )
  return { cert: readFileSync(cert), key: readFileSync(key) }
}

/** A certificate of `authority` that was valid in 2020. Only `openssl ca` takes dates. */
function expiredCertificate(): { cert: Buffer; key: Buffer } {
  const at = (name: string): string => join(folder, name)
  writeFileSync(at('index.txt'), '')
  writeFileSync(
    at('ca.cnf'),
    `[ca]\ndefault_ca=own\n[own]\ndatabase=${at('index.txt')}\nnew_certs_dir=${folder}\nrand_serial=yes\ndefault_md=sha256\npolicy=any\nx509_extensions=names\n[any]\ncommonName=supplied\n[names]\nsubjectAltName=IP:127.0.0.1\n`,
  )
  const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { stdio: 'ignore' })
  const [key, request, cert] = [at('old.key'), at('old.csr'), at('old.pem')]
  openssl(
    'req',
    '-new',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    request,
    '-subj',
    '/CN=old',
  )
  const dates = ['-startdate', '20200101000000Z', '-enddate', '20210101000000Z']
  const signer = ['-cert', at('authority.pem'), '-keyfile', at('authority.key')]
  openssl(
    'ca',
    '-batch',
    '-config',
    at('ca.cnf'),
    ...signer,
    ...dates,
    '-in',
    request,
    '-out',
    cert,
  )
  return { cert: readFileSync(cert), key: readFileSync(key) }
}

const forLoopback = ['-addext', 'subjectAltName=IP:127.0.0.1']
let plain: string

beforeAll(async () => {
  plain = await listen(createHttp(registry()))
})

afterAll(() => {
  for (const server of servers) server.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('docker', () => {
  test('a socket that is not there is a failure when DOCKER_HOST names it', async () => {
    const { code, find } = await doctor([plain], {
      HOME: home(),
      DOCKER_HOST: `unix://${folder}/none.sock`,
    })
    expect(find('docker daemon')).toMatchObject({
      status: 'fail',
      mend: 'Correct or unset DOCKER_HOST.',
    })
    expect(code).toBe(9)
  })

  test('a host that answers is told with its version', async () => {
    const host = await listen(
      createHttp((_request, response) => void response.end('{"Version":"99.1"}')),
    )
    const { find } = await doctor([plain], { HOME: home(), DOCKER_HOST: `tcp://${host}` })
    expect(find('docker daemon')).toMatchObject({ status: 'ok' })
    expect(find('docker daemon').seen).toContain('99.1')
  })

  test('an address that is none, and a context that does not exist', async () => {
    const wrong = await doctor([plain], { HOME: home(), DOCKER_HOST: 'nonsense' })
    expect(wrong.find('docker daemon').status).toBe('fail')
    const lost = await doctor([plain], { HOME: home('{"currentContext":"gone"}') })
    expect(lost.find('docker daemon').seen).toContain('"gone" does not exist')
  })
})

describe('logins', () => {
  const login = '{"auths":{"PLAIN":{"auth":"YTpi"}}}'

  test('a broken file is told with its place, and no secret', async () => {
    const { code, find, text } = await doctor([plain], {
      HOME: home('{"auths":{"x":{"auth":"c2VjcmV0OnNlY3JldA=="},}'),
    })
    expect(find('docker config')).toMatchObject({ status: 'fail' })
    expect(find('docker config').seen).toMatch(/is not JSON/)
    expect(text).not.toContain('c2VjcmV0')
    expect(code).toBe(9)
  })

  test('a file that others can read', async () => {
    const open = await doctor([plain], { HOME: home(login.replace('PLAIN', plain), 0o644) })
    expect(open.find('docker config')).toMatchObject({ status: 'warn' })
    expect(open.find('docker config').mend).toMatch(/^Keep it to yourself: chmod 600 /)
    const closed = await doctor([plain], { HOME: home(login.replace('PLAIN', plain)) })
    expect(closed.find('docker config').status).toBe('ok')
    expect(closed.find(`login to ${plain}`).status).toBe('ok')
  })

  test('a helper that is not installed, and one that answers', async () => {
    const tools = mkdtempSync(join(folder, 'tools-'))
    writeFileSync(join(tools, 'docker-credential-well'), '#!/bin/sh\necho "{}"\n', { mode: 0o755 })
    const { find, code } = await doctor([plain], {
      HOME: home(`{"credsStore":"well","credHelpers":{"${plain}":"gone"}}`),
      PATH: `${tools}:${process.env.PATH}`,
    })
    expect(find('docker-credential-well').status).toBe('ok')
    expect(find('docker-credential-gone')).toMatchObject({ status: 'fail' })
    expect(code).toBe(9)
  })

  test('a login that the registry no longer takes', async () => {
    const strict = await listen(
      createHttp((_request, response) => {
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end('{"errors":[]}')
      }),
    )
    const { find } = await doctor([plain], { HOME: home(login.replace('PLAIN', strict)) })
    expect(find(`login to ${strict}`).status).toBe('fail')
  })
})

describe('registries', () => {
  test('one that answers, with its clock; one that does not', async () => {
    const { find } = await doctor([plain, '127.0.0.1:9'], { HOME: home() })
    expect(find(`${plain} answer`).status).toBe('ok')
    expect(find(`${plain} clock`).status).toBe('ok')
    expect(find(`${plain} certificate`)).toMatchObject({ status: 'skipped' })
    expect(find('127.0.0.1:9 answer').status).toBe('fail')
  })

  test.each([
    [-60_000, 'warn', 'ahead'],
    [3_600_000, 'fail', 'behind'],
  ])('a clock that is %i ms off', async (skew, status, word) => {
    const host = await listen(createHttp(registry(skew)))
    const { find } = await doctor([host], { HOME: home() })
    expect(find(`${host} clock`)).toMatchObject({ status })
    expect(find(`${host} clock`).seen).toContain(word)
  })

  test('a certificate that vouches for itself', async () => {
    const host = await listen(createHttps(certificate('own', ...forLoopback), registry()))
    const { find, code } = await doctor([host], { HOME: home() })
    expect(find(`${host} certificate`)).toMatchObject({ status: 'fail' })
    expect(find(`${host} certificate`).seen).toMatch(/vouches for itself/)
    expect(code).toBe(9)
  })

  test('a certificate that ran out, of an authority that is trusted', async () => {
    certificate('authority', '-days', '90')
    const host = await listen(createHttps(expiredCertificate(), registry()))
    const { find } = await doctor([host, '--ca-file', join(folder, 'authority.pem')], {
      HOME: home(),
    })
    expect(find(`${host} certificate`)).toMatchObject({ status: 'fail' })
    expect(find(`${host} certificate`).seen).toMatch(/ran out on 2021-01-01/)
  })

  test('a certificate that is trusted, expired or for another name', async () => {
    const trusted = certificate('trusted', ...forLoopback, '-days', '90')
    const good = await listen(createHttps(trusted, registry()))
    const first = await doctor([good, '--ca-file', join(folder, 'trusted.pem')], { HOME: home() })
    expect(first.find(`${good} certificate`)).toMatchObject({ status: 'ok' })
    expect(first.find(`${good} answer`)).toMatchObject({ status: 'ok' })

    const other = certificate('other', '-addext', 'subjectAltName=DNS:elsewhere.example')
    const misnamed = await listen(createHttps(other, registry()))
    const second = await doctor([misnamed, '--ca-file', join(folder, 'other.pem')], {
      HOME: home(),
    })
    expect(second.find(`${misnamed} certificate`).seen).toContain('elsewhere.example')
  })

  test('TLS where there is none, and a time limit', async () => {
    const silent = await listen(createHttp(() => {}))
    const { find } = await doctor([silent, '--timeout', '0.5'], { HOME: home() })
    expect(find(`${silent} answer`).seen).toBe('no answer within 0.5 s')
  })

  test('those of berth.yaml, and what may be done there', async () => {
    const cwd = mkdtempSync(join(folder, 'project-'))
    writeFileSync(
      join(cwd, 'berth.yaml'),
      `registry: ${plain}\nservices:\n  api:\n    platforms: [linux/s390x]\n`,
    )
    const { find } = await doctor([], { HOME: home() }, cwd)
    expect(find(`${plain} answer`).status).toBe('ok')
    expect(find(`pull from ${plain}/api`)).toBeDefined()
    expect(find(`push to ${plain}/api`)).toBeDefined()
    expect(find('emulation').status).not.toBe('fail')
  })
})

test('a proxy that would swallow this machine, and one that is no address', async () => {
  const swallowing = await doctor([], { HOME: home(), HTTP_PROXY: 'http://proxy.example:3128' })
  expect(swallowing.find('NO_PROXY')).toMatchObject({ status: 'warn' })
  const covered = await doctor([], {
    HOME: home(),
    HTTP_PROXY: 'http://proxy.example:3128',
    NO_PROXY: 'localhost,127.0.0.1',
  })
  expect(covered.find('NO_PROXY').status).toBe('ok')
  const wrong = await doctor([], { HOME: home(), HTTPS_PROXY: '::::' })
  expect(wrong.find('HTTPS_PROXY').status).toBe('fail')
})
