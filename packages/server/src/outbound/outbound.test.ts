import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureSelfSigned } from '../http/self-signed.ts'
import type { ResolvedAddress } from './addresses.ts'
import { Outbound } from './outbound.ts'

const refused = { kind: 'requestInvalid', details: [{ rule: 'outbound' }] }
const unavailable = { kind: 'unavailable' }

const servers: Server[] = []

async function listen(handler: RequestListener, address = '127.0.0.1', port = 0): Promise<number> {
  const server = createServer(handler)
  servers.push(server)
  server.listen(port, address)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function open(
  settings: Partial<ConstructorParameters<typeof Outbound>[0]['settings']> = {},
  resolve?: (host: string) => Promise<readonly ResolvedAddress[]>,
): Outbound {
  return new Outbound({
    settings: {
      allowedNetworks: ['127.0.0.1'],
      allowedHosts: [],
      timeoutSeconds: 10,
      ...settings,
    },
    ...(resolve && { resolve }),
  })
}

const to = (address: string) => () => Promise.resolve([{ address, family: 4 }])

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
})

describe('Outbound', () => {
  it('sends method, headers and body, and answers as fetch does', async () => {
    const port = await listen((request, response) => {
      void bodyOf(request).then((body) => {
        response.setHeader('x-seen', `${request.method} ${String(request.headers['x-mine'])}`)
        response.statusCode = 418
        response.end(`${request.headers.host} ${request.headers['content-type']} ${body}`)
      })
    })
    const answer = await open({}, to('127.0.0.1')).fetch(`http://idp.example:${port}/x?y=1`, {
      method: 'POST',
      headers: { 'X-Mine': 'yes' },
      body: new URLSearchParams({ a: 'b c' }),
    })
    expect(answer.status).toBe(418)
    expect(answer.headers.get('x-seen')).toBe('POST yes')
    expect(await answer.text()).toBe(
      `idp.example:${port} application/x-www-form-urlencoded;charset=UTF-8 a=b+c`,
    )
  })

  it.each(['file:///etc/passwd', 'ftp://example.com/', 'gopher://a/', 'no address', 'data:,x'])(
    'refuses the address %s',
    async (url) => {
      await expect(open().fetch(url)).rejects.toMatchObject(refused)
    },
  )

  it('refuses a password in the address', async () => {
    await expect(open().fetch('http://u:p@127.0.0.1/')).rejects.toMatchObject(refused)
  })

  it.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://127.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/',
    'http://localhost/',
    'http://localhost./',
  ])('CVE class SSRF: never connects to %s', async (url) => {
    await expect(open({ allowedNetworks: [] }).fetch(url)).rejects.toMatchObject(refused)
  })

  it('refuses a name one of whose addresses is forbidden', async () => {
    const resolve = () =>
      Promise.resolve([
        { address: '93.184.216.34', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ])
    await expect(open({}, resolve).fetch('http://mixed.example/')).rejects.toMatchObject(refused)
  })

  it('connects to the address that was checked, whatever the name says a moment later', async () => {
    const seen: string[] = []
    const port = await listen((_request, response) => {
      seen.push('checked')
      response.end('checked')
    })
    await listen(
      (_request, response) => {
        seen.push('rebound')
        response.end('rebound')
      },
      '127.0.0.2',
      port,
    )
    let lookups = 0
    const rebinding = () => {
      lookups += 1
      return Promise.resolve([{ address: lookups === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }])
    }
    const outbound = open({}, rebinding)
    const url = `http://rebind.example:${port}/`
    expect(await (await outbound.fetch(url)).text()).toBe('checked')
    expect(lookups).toBe(1)
    await expect(outbound.fetch(url)).rejects.toMatchObject(refused)
    expect(seen).toEqual(['checked'])
  })

  it('checks the address of every redirect', async () => {
    const port = await listen((_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.2:${port}/` }).end()
    })
    await listen((_request, response) => response.end('inside'), '127.0.0.2', port)
    await expect(open().fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject(refused)
  })

  it.each(['file:///etc/passwd', 'gopher://127.0.0.1/'])(
    'does not follow to %s',
    async (location) => {
      const port = await listen((_request, response) => {
        response.writeHead(302, { location }).end()
      })
      await expect(open().fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject(refused)
    },
  )

  it('follows five redirects and no sixth', async () => {
    const port = await listen((request, response) => {
      const left = Number(request.url?.slice(1))
      if (left === 0) response.end('there')
      else response.writeHead(301, { location: `/${left - 1}` }).end()
    })
    const base = `http://127.0.0.1:${port}`
    expect(await (await open().fetch(`${base}/5`)).text()).toBe('there')
    await expect(open().fetch(`${base}/6`)).rejects.toMatchObject(unavailable)
    expect((await open().fetch(`${base}/3`, { redirect: 'manual' })).status).toBe(301)
  })

  it('gives another origin neither credentials nor a body', async () => {
    let seen: IncomingMessage['headers'] = {}
    const other = await listen((request, response) => {
      seen = request.headers
      response.end(request.method)
    })
    const port = await listen((request, response) => {
      const status = Number(request.url?.slice(1))
      response.writeHead(status, { location: `http://127.0.0.1:${other}/` }).end()
    })
    const request = {
      method: 'POST',
      headers: { authorization: 'Bearer x', cookie: 'a=b', 'x-signature': 's', accept: 'a/b' },
      body: 'secret',
    }
    for (const status of [307, 308]) {
      const answer = open().fetch(`http://127.0.0.1:${port}/${status}`, request)
      await expect(answer).rejects.toMatchObject(unavailable)
    }
    expect(seen).toEqual({})
    const answer = await open().fetch(`http://127.0.0.1:${port}/303`, request)
    expect(await answer.text()).toBe('GET')
    expect(seen).toMatchObject({ accept: 'a/b' })
    for (const name of ['authorization', 'cookie', 'x-signature', 'content-type', 'content-length'])
      expect(seen).not.toHaveProperty(name)
  })

  it('refuses an answer beyond the limit, announced or not', async () => {
    const port = await listen((request, response) => {
      if (request.url === '/announced') response.setHeader('content-length', 2048)
      response.end(Buffer.alloc(2048))
    })
    for (const path of ['announced', 'chunked']) {
      const url = `http://127.0.0.1:${port}/${path}`
      await expect(open().fetch(url, { maxBytes: 2047 })).rejects.toMatchObject(unavailable)
      expect((await (await open().fetch(url, { maxBytes: 2048 })).bytes()).length).toBe(2048)
    }
  })

  it('refuses headers beyond the limit', async () => {
    const port = await listen((_request, response) => {
      response.setHeader('x-large', 'x'.repeat(40_000))
      response.end()
    })
    await expect(open().fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject(unavailable)
  })

  it('gives up on an answer that does not come, does not end, or a name that is not found', async () => {
    const port = await listen((request, response) => {
      if (request.url === '/drip') response.write('x')
    })
    const hasty = { timeoutSeconds: 0.2 }
    for (const path of ['silent', 'drip']) {
      const answer = open(hasty).fetch(`http://127.0.0.1:${port}/${path}`)
      await expect(answer).rejects.toMatchObject(unavailable)
    }
    const never = open(hasty, () => new Promise(() => {}))
    await expect(never.fetch('http://slow.example/')).rejects.toMatchObject(unavailable)
    const unknown = open({}, () => Promise.reject(new Error('ENOTFOUND')))
    await expect(unknown.fetch('http://unknown.example/')).rejects.toMatchObject(unavailable)
    const empty = open({}, () => Promise.resolve([]))
    await expect(empty.fetch('http://empty.example/')).rejects.toMatchObject(unavailable)
  })

  describe('over TLS', () => {
    let folder = ''
    let caFile = ''
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'berth-outbound-'))
      caFile = (await ensureSelfSigned(folder, ['idp.example'], new Date())).caCertificateFile
    })
    afterAll(async () => {
      await rm(folder, { recursive: true, force: true })
    })

    async function listenSecurely(handler: RequestListener): Promise<number> {
      const server = createSecureServer(
        {
          key: await readFile(join(folder, 'server-key.pem')),
          cert: await readFile(join(folder, 'server.pem')),
        },
        handler,
      )
      servers.push(server)
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return (server.address() as AddressInfo).port
    }

    it('trusts the authorities of the setting, and the name of the address', async () => {
      const port = await listenSecurely((_request, response) => response.end('secure'))
      const trusting = open({ caFile }, to('127.0.0.1'))
      const answer = await trusting.fetch(`https://idp.example:${port}/`)
      expect(await answer.text()).toBe('secure')
      await expect(trusting.fetch(`https://other.example:${port}/`)).rejects.toMatchObject(
        unavailable,
      )
      const plain = open({}, to('127.0.0.1')).fetch(`https://idp.example:${port}/`)
      await expect(plain).rejects.toMatchObject(unavailable)
    })

    it('never follows from https to http', async () => {
      const plain = await listen((_request, response) => response.end('plain'))
      const port = await listenSecurely((_request, response) => {
        response.writeHead(302, { location: `http://127.0.0.1:${plain}/` }).end()
      })
      await expect(open({ caFile }).fetch(`https://127.0.0.1:${port}/`)).rejects.toMatchObject(
        unavailable,
      )
    })
  })
})
