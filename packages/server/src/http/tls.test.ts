import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:https'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import {
  checkServerIdentity,
  connect,
  type ConnectionOptions,
  type PeerCertificate,
} from 'node:tls'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError } from '../config/config-error.ts'
import { createLogger, type Logger } from '../log.ts'
import { ensureSelfSigned } from './self-signed.ts'
import { openTls, type ServerTls } from './tls.ts'

const dayMilliseconds = 86_400_000
const fast = { pollMilliseconds: 20 }
const silent = createLogger({ level: 'silent', format: 'json' }, new PassThrough())

let folder: string
const closers: (() => void)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-tls-'))
})
afterEach(() => {
  for (const close of closers.splice(0)) close()
  rmSync(folder, { recursive: true })
})

/** A logger and what it has written so far. */
function recordedLog(): { logger: Logger; written: () => string } {
  const stream = new PassThrough()
  let written = ''
  stream.on('data', (chunk) => (written += String(chunk)))
  return { logger: createLogger({ level: 'info', format: 'json' }, stream), written: () => written }
}

async function serve(tls: ServerTls | undefined): Promise<{ server: Server; port: number }> {
  if (!tls) throw new Error('TLS is off')
  const server = createServer(tls.options, (_, response) => response.end('served'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  tls.watch(server)
  closers.push(() => {
    tls.close()
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  return { server, port: typeof address === 'object' && address ? address.port : 0 }
}

/** The serial number of the certificate that a new connection is shown. */
async function handshake(port: number, options: ConnectionOptions = {}): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  await once(socket, 'secureConnect')
  const serial = socket.getPeerCertificate().serialNumber
  socket.destroy()
  return serial
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 300; i += 1) {
    if (await condition()) return
    await wait(20)
  }
  throw new Error('It did not come about')
}

/** Makes a certificate and its key, and returns where they are. */
async function makePair(name: string, now = new Date()) {
  const made = await ensureSelfSigned(join(folder, name), [], now)
  const { serialNumber } = new X509Certificate(readFileSync(made.certificateFile))
  return { ...made, serialNumber }
}

function install(pair: { certificateFile: string; privateKeyFile: string }) {
  const files = { certificateFile: join(folder, 'c.pem'), privateKeyFile: join(folder, 'k.pem') }
  copyFileSync(pair.certificateFile, files.certificateFile)
  copyFileSync(pair.privateKeyFile, files.privateKeyFile)
  return { kind: 'files' as const, ...files }
}

it('is absent when it is off', async () => {
  expect(await openTls({ kind: 'off' }, folder, silent)).toBeUndefined()
})

describe('certificate from files', () => {
  it('is served, and clients that trust its authority accept it', async () => {
    const pair = await makePair('a')
    const { port } = await serve(await openTls(install(pair), folder, silent))
    const trusting = { ca: readFileSync(pair.caCertificateFile), rejectUnauthorized: true }
    expect(await handshake(port, { ...trusting, servername: 'localhost' })).toBe(pair.serialNumber)
  })

  it('is replaced without a restart, and connections that stand go on', async () => {
    const [first, second] = [await makePair('a'), await makePair('b')]
    const { logger, written } = recordedLog()
    const { port } = await serve(await openTls(install(first), folder, logger, fast))
    const standing = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(standing, 'secureConnect')
    expect(await handshake(port)).toBe(first.serialNumber)

    install(second)
    await until(async () => (await handshake(port)) === second.serialNumber)
    expect(written()).toContain('the certificate was replaced')
    standing.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(await text(standing)).toContain('served')
  })

  it('is replaced when Kubernetes swaps the link to a folder', async () => {
    const [first, second] = [await makePair('a'), await makePair('b')]
    const mount = join(folder, 'mount')
    mkdirSync(mount)
    symlinkSync(join(folder, 'a'), join(mount, '..data'))
    symlinkSync('..data/server.pem', join(mount, 'tls.crt'))
    symlinkSync('..data/server-key.pem', join(mount, 'tls.key'))
    const config = {
      kind: 'files' as const,
      certificateFile: join(mount, 'tls.crt'),
      privateKeyFile: join(mount, 'tls.key'),
    }
    const { port } = await serve(await openTls(config, folder, silent, fast))
    expect(await handshake(port)).toBe(first.serialNumber)
    symlinkSync(join(folder, 'b'), join(mount, '..data_tmp'))
    renameSync(join(mount, '..data_tmp'), join(mount, '..data'))
    await until(async () => (await handshake(port)) === second.serialNumber)
  })

  it('stays in force while the new pair is broken, and is replaced once that is whole', async () => {
    const [first, second] = [await makePair('a'), await makePair('b')]
    const { logger, written } = recordedLog()
    const files = install(first)
    const { port } = await serve(await openTls(files, folder, logger, fast))

    copyFileSync(second.certificateFile, files.certificateFile)
    await until(() => written().includes('is not the key of'))
    expect(await handshake(port)).toBe(first.serialNumber)
    writeFileSync(files.privateKeyFile, 'garbage')
    await until(() => written().includes('does not hold a PEM private key'))
    rmSync(files.privateKeyFile)
    await until(() => written().includes('ENOENT'))
    expect(await handshake(port)).toBe(first.serialNumber)
    // One error for each state, not one for each look.
    expect(written().match(/"level":"error"/g)).toHaveLength(3)

    copyFileSync(second.privateKeyFile, files.privateKeyFile)
    await until(async () => (await handshake(port)) === second.serialNumber)
  })

  it('is not replaced when only the time of its file changes', async () => {
    const { logger, written } = recordedLog()
    const files = install(await makePair('a'))
    await serve(await openTls(files, folder, logger, fast))
    utimesSync(files.certificateFile, new Date(0), new Date(0))
    await wait(200)
    expect(written()).toBe('')
  })

  it('is no longer looked after once closed', async () => {
    const first = await makePair('a')
    const tls = await openTls(install(first), folder, silent, fast)
    const { port } = await serve(tls)
    tls?.close()
    install(await makePair('b'))
    await wait(200)
    expect(await handshake(port)).toBe(first.serialNumber)
  })

  it('is refused at the start with all faults', async () => {
    const [first, second] = [await makePair('a'), await makePair('b')]
    const refused = async (
      change: Partial<Record<'certificateFile' | 'privateKeyFile', string>>,
    ) => {
      const opened = openTls({ ...install(first), ...change }, folder, silent)
      const error = await opened.then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (!(error instanceof ConfigError)) throw new Error('It was accepted')
      return error.faults.map(({ path, problem }) => `${path} ${problem}`).join('\n')
    }
    const garbage = join(folder, 'garbage')
    writeFileSync(garbage, '-----BEGIN CERTIFICATE-----\ngarbage\n')
    const both = await refused({ certificateFile: garbage, privateKeyFile: join(folder, 'none') })
    expect(both).toContain('http.tls.certificateFile does not hold a PEM certificate')
    expect(both).toContain('http.tls.privateKeyFile cannot be read: ENOENT')
    expect(await refused({ privateKeyFile: second.privateKeyFile })).toContain('is not the key of')
    expect(await refused({ privateKeyFile: garbage })).toContain('without a passphrase')
  })

  it.each([
    ['expires soon', 380, 'expires soon'],
    ['has expired', 400, 'has expired'],
  ])('that %s is served with a warning', async (_, days, message) => {
    const pair = await makePair('a')
    const { logger, written } = recordedLog()
    const now = () => new Date(Date.now() + days * dayMilliseconds)
    await serve(await openTls(install(pair), folder, logger, { ...fast, now }))
    await wait(100)
    expect(written().match(/"level"/g)).toHaveLength(1)
    expect(written()).toContain(message)
  })

  it('asks for TLS 1.2 at least', async () => {
    const tls = await openTls(install(await makePair('a')), folder, silent)
    expect(tls?.options.minVersion).toBe('TLSv1.2')
    const { port } = await serve(tls)
    await handshake(port, { maxVersion: 'TLSv1.2' })
  })
})

describe('self-signed certificate', () => {
  const settings = {
    kind: 'selfSigned' as const,
    hosts: ['registry.example.com', '192.0.2.7', 'FD00::1'],
  }
  const tlsFolder = () => join(folder, 'tls')
  const certificate = (name = 'server.pem') =>
    new X509Certificate(readFileSync(join(tlsFolder(), name)))

  it.each(['localhost', 'registry.example.com', '127.0.0.1', '::1', '192.0.2.7', 'fd00::1'])(
    'is accepted for %s by a client that trusts ca.pem only',
    async (host) => {
      const tls = await openTls(settings, folder, silent)
      const { port } = await serve(tls)
      const ca = readFileSync(tls?.caCertificateFile ?? '')
      const name = isIP(host) === 0 ? host : ''
      const checked = {
        checkServerIdentity: (_: string, peer: PeerCertificate) => checkServerIdentity(host, peer),
      }
      const socket = connect({ port, host: '127.0.0.1', ca, servername: name, ...checked })
      socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      expect(await text(socket)).toContain('served')
    },
  )

  it('is refused for other names, and by clients that do not trust ca.pem', async () => {
    const tls = await openTls(settings, folder, silent)
    const { port } = await serve(tls)
    const ca = readFileSync(tls?.caCertificateFile ?? '')
    const strict = { rejectUnauthorized: true }
    await expect(handshake(port, { ...strict, ca, servername: 'other.example' })).rejects.toThrow()
    await expect(handshake(port, { ...strict, servername: 'localhost' })).rejects.toThrow()
  })

  it('has an authority for ten years that signs nothing but servers, and keys that only the owner reads', async () => {
    await openTls(settings, folder, silent)
    const [leaf, authority] = [certificate(), certificate('ca.pem')]
    const days = (held: X509Certificate) =>
      (Date.parse(held.validTo) - Date.parse(held.validFrom)) / dayMilliseconds
    expect([days(leaf), days(authority)]).toEqual([397, 3650])
    expect([leaf.ca, authority.ca]).toEqual([false, true])
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    expect(leaf.verify(authority.publicKey)).toBe(true)
    expect(readdirSync(tlsFolder()).sort()).toEqual([
      'ca-key.pem',
      'ca.pem',
      'server-key.pem',
      'server.pem',
    ])
    for (const name of ['ca-key.pem', 'server-key.pem'])
      expect(statSync(join(tlsFolder(), name)).mode & 0o777, name).toBe(0o600)
  })

  it('stays the same over restarts', async () => {
    await openTls(settings, folder, silent)
    const before = [certificate().serialNumber, certificate('ca.pem').serialNumber]
    const { logger, written } = recordedLog()
    await openTls({ ...settings, hosts: settings.hosts.toReversed() }, folder, logger)
    expect([certificate().serialNumber, certificate('ca.pem').serialNumber]).toEqual(before)
    expect(written()).toBe('')
  })

  const laterBy = (days: number) => ({ now: () => new Date(Date.now() + days * dayMilliseconds) })

  it.each([
    ['other hosts', () => openTls({ ...settings, hosts: ['a.example'] }, folder, silent)],
    ['fewer hosts', () => openTls({ ...settings, hosts: [] }, folder, silent)],
    ['an end within 30 days', () => openTls(settings, folder, silent, laterBy(368))],
    ['a damaged certificate', () => damaged('server.pem')],
    ['a damaged key', () => damaged('server-key.pem')],
  ])('is made again, under the same authority, for %s', async (_, again) => {
    await openTls(settings, folder, silent)
    const before = {
      leaf: certificate().serialNumber,
      authority: certificate('ca.pem').serialNumber,
    }
    await again()
    expect(certificate().serialNumber).not.toBe(before.leaf)
    expect(certificate('ca.pem').serialNumber).toBe(before.authority)
    expect(certificate().verify(certificate('ca.pem').publicKey)).toBe(true)
  })

  it.each([
    ['a lost authority', () => damaged('ca.pem')],
    ['a lost key of the authority', () => damaged('ca-key.pem')],
    [
      'an authority that would end before the certificate',
      () => openTls(settings, folder, silent, laterBy(3300)),
    ],
  ])('is made again with a new authority for %s', async (_, again) => {
    await openTls(settings, folder, silent)
    const before = certificate('ca.pem')
    await again()
    expect(certificate('ca.pem').serialNumber).not.toBe(before.serialNumber)
    expect(certificate('ca.pem').subject).not.toBe(before.subject)
    expect(certificate().verify(certificate('ca.pem').publicKey)).toBe(true)
  })

  it('is renewed while the server runs', async () => {
    let days = 0
    const now = () => new Date(Date.now() + days * dayMilliseconds)
    const { port } = await serve(await openTls(settings, folder, silent, { ...fast, now }))
    const before = await handshake(port)
    days = 368
    await until(async () => (await handshake(port)) !== before)
  })

  it('does not give a leftover of a crash away', async () => {
    mkdirSync(tlsFolder())
    writeFileSync(join(tlsFolder(), 'server-key.pem.new'), 'x')
    chmodSync(join(tlsFolder(), 'server-key.pem.new'), 0o666)
    await openTls(settings, folder, silent)
    expect(statSync(join(tlsFolder(), 'server-key.pem')).mode & 0o777).toBe(0o600)
    expect(existsSync(join(tlsFolder(), 'server-key.pem.new'))).toBe(false)
  })

  function damaged(name: string) {
    writeFileSync(join(tlsFolder(), name), 'garbage')
    return openTls(settings, folder, silent)
  }
})
