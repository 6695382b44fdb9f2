import type { IncomingHttpHeaders } from 'node:http'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Forwarding } from './forwarded.ts'

const direct = new Forwarding({ trustedProxies: [] })
const behindProxy = new Forwarding({ trustedProxies: ['10.0.0.0/8', 'fd00::/8', '192.0.2.1'] })
const proxy = { remoteAddress: '10.0.0.1', localAddress: '10.0.0.9', localPort: 5000 }
const stranger = { remoteAddress: '203.0.113.9', localAddress: '10.0.0.9', localPort: 5000 }

const origin = (headers: IncomingHttpHeaders, peer: object = proxy, forwarding = behindProxy) => {
  const { protocol, host } = forwarding.externalOrigin(headers, peer)
  return `${protocol}://${host}`
}
const client = (headers: IncomingHttpHeaders, peer: object = proxy, forwarding = behindProxy) =>
  forwarding.clientAddress(headers, peer)

const everyHeader = {
  host: 'inner:5000',
  forwarded: 'for=198.51.100.7;proto=https;host=forwarded.example',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'x.example',
  'x-forwarded-for': '198.51.100.7',
}

describe('external origin', () => {
  it('is http.externalUrl before anything else', () => {
    const forwarding = new Forwarding({
      externalUrl: 'https://registry.example:8443',
      trustedProxies: ['10.0.0.0/8'],
    })
    expect(origin(everyHeader, proxy, forwarding)).toBe('https://registry.example:8443')
  })

  it('is Forwarded, then X-Forwarded, then Host, behind a trusted proxy', () => {
    const others = { ...everyHeader, forwarded: undefined }
    expect(origin(everyHeader)).toBe('https://forwarded.example')
    expect(origin(others)).toBe('https://x.example')
    expect(origin({ host: 'inner:5000' })).toBe('http://inner:5000')
    expect(origin({ host: 'inner', 'x-forwarded-proto': 'HTTPS' })).toBe('https://inner')
    expect(origin({ host: 'inner', forwarded: 'proto=https', 'x-forwarded-host': 'x' })).toBe(
      'https://x',
    )
  })

  it('is Host when the peer is not a trusted proxy, or none is trusted', () => {
    expect(origin(everyHeader, stranger)).toBe('http://inner:5000')
    expect(origin(everyHeader, proxy, direct)).toBe('http://inner:5000')
    expect(origin(everyHeader, {})).toBe('http://inner:5000')
  })

  it('tells an encrypted connection', () => {
    expect(origin({ host: 'h' }, { ...stranger, encrypted: true })).toBe('https://h')
    expect(origin({ host: 'h' }, { ...stranger, encrypted: true }, direct)).toBe('https://h')
  })

  it.each(['10.255.0.1', '::ffff:10.1.2.3', 'fd12::1', 'fd12::1%eth0', '192.0.2.1'])(
    'trusts the proxy %s',
    (remoteAddress) => {
      expect(origin(everyHeader, { remoteAddress })).toBe('https://forwarded.example')
    },
  )

  it.each(['11.0.0.1', '::ffff:11.1.2.3', 'fe80::1', '192.0.2.2', 'garbage', ''])(
    'does not trust %s',
    (remoteAddress) => {
      expect(origin(everyHeader, { remoteAddress })).toBe('http://inner:5000')
    },
  )

  it('takes the first item', () => {
    expect(
      origin({ 'x-forwarded-proto': 'https, http', 'x-forwarded-host': ' a.example , b.example' }),
    ).toBe('https://a.example')
    expect(origin({ forwarded: 'host=a;proto=https, host=b;proto=http' })).toBe('https://a')
  })

  it.each([
    ['For="[2001:db8::1]:4711";Proto=HTTPS;Host="a.example:8443"', 'https://a.example:8443'],
    ['host="[2001:db8::1]:8443" ; proto=https', 'https://[2001:db8::1]:8443'],
    ['host="[2001:db8::1]:8443";proto=https', 'https://[2001:db8::1]:8443'],
    ['host="a\\.example"; proto="https"', 'https://a.example'],
    ['by=_x;secret="a;b,c";host=a', 'http://a'],
  ])('understands Forwarded: %s', (forwarded, expected) => {
    expect(origin({ host: 'inner', forwarded })).toBe(expected)
  })

  it.each([
    'a b',
    'a"b',
    'a\r\nSet-Cookie: x',
    'a/b',
    'a@b',
    'a\\b',
    'a?b',
    'a#b',
    '',
    ':5000',
    'a:port',
    'a:123456',
    'a:70000',
    '[::1',
    '[::1]x',
    '-a',
    'ä',
    'a'.repeat(256),
  ])('ignores the host %j wherever it stands', (hostile) => {
    expect(origin({ host: 'inner', 'x-forwarded-host': hostile })).toBe('http://inner')
    const quoted = hostile.replaceAll(/[\\"]/g, '\\$&')
    expect(origin({ host: 'inner', forwarded: `host="${quoted}"` })).toBe('http://inner')
    expect(origin({ host: hostile }, stranger)).toBe('http://10.0.0.9:5000')
  })

  it.each(['javascript', 'https ,http\r\n', 'https://', 'ht tps', ''])(
    'ignores the protocol %j',
    (hostile) => {
      const headers = {
        host: 'inner',
        'x-forwarded-proto': hostile,
        forwarded: `proto="${hostile}"`,
      }
      expect(origin(headers)).toBe(hostile.startsWith('https ,') ? 'https://inner' : 'http://inner')
    },
  )

  it.each([
    'host=a;host=b',
    'host=a;proto',
    'host="a',
    'host=a b',
    ';host=a',
    'host=a;;proto=https',
    `host=a;x=${'y'.repeat(5000)}`,
    '=a',
  ])('ignores the whole Forwarded header %j when it is malformed', (forwarded) => {
    expect(origin({ host: 'inner', forwarded })).toBe('http://inner')
  })

  it('falls back to the address of the connection', () => {
    expect(origin({}, { ...stranger, localAddress: '::1' })).toBe('http://[::1]:5000')
    expect(origin({}, { ...stranger, localAddress: '::ffff:127.0.0.1' })).toBe(
      'http://127.0.0.1:5000',
    )
    expect(origin({}, {})).toBe('http://localhost')
  })

  it('is always a valid origin, whatever the headers hold', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^(?:[a-z.:[\]=;,"\\ ]|host=|proto=|for=){0,20}$/),
    )
    const headers = fc.record(
      { host: text, forwarded: text, 'x-forwarded-host': text, 'x-forwarded-proto': text },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(headers, (arbitrary) => {
        const { protocol, host } = behindProxy.externalOrigin(arbitrary, proxy)
        expect(['http', 'https']).toContain(protocol)
        expect(host).toMatch(/^[\w.:[\]-]{1,255}$/)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('client address', () => {
  it.each([
    [{}, '10.0.0.1'],
    [{ 'x-forwarded-for': '198.51.100.7' }, '198.51.100.7'],
    [{ 'x-forwarded-for': '6.6.6.6, 198.51.100.7, 10.0.0.2' }, '198.51.100.7'],
    [{ 'x-forwarded-for': '10.0.0.3, 10.0.0.2' }, '10.0.0.3'],
    [{ 'x-forwarded-for': '6.6.6.6, unknown, 10.0.0.2' }, '10.0.0.2'],
    [{ 'x-forwarded-for': '6.6.6.6, <script>' }, '10.0.0.1'],
    [{ 'x-forwarded-for': '198.51.100.7:4711' }, '198.51.100.7'],
    [{ 'x-forwarded-for': '[2001:db8::1]:4711' }, '2001:db8::1'],
    [{ 'x-forwarded-for': '::ffff:198.51.100.7' }, '198.51.100.7'],
    [{ forwarded: 'for=6.6.6.6, for="[2001:db8::1]:4711";proto=https' }, '2001:db8::1'],
    [{ forwarded: 'for=6.6.6.6, for=_hidden' }, '10.0.0.1'],
    [{ forwarded: 'for=6.6.6.6', 'x-forwarded-for': '198.51.100.7' }, '198.51.100.7'],
  ])('%j from a trusted proxy gives %s', (headers, expected) => {
    expect(client(headers)).toBe(expected)
  })

  it('is that of the connection without a trusted proxy', () => {
    expect(client(everyHeader, stranger)).toBe('203.0.113.9')
    expect(client(everyHeader, proxy, direct)).toBe('10.0.0.1')
    expect(client(everyHeader, { remoteAddress: '::ffff:203.0.113.9' })).toBe('203.0.113.9')
    expect(client(everyHeader, {})).toBe('unknown')
  })

  it('stays an address, whatever the headers hold', () => {
    const text = fc.oneof(
      fc.string(),
      fc.stringMatching(/^(?:[\d.:[\], %a-f]|10\.0\.0\.1,?){0,30}$/),
    )
    fc.assert(
      fc.property(text, text, (forwardedFor, forwarded) => {
        const headers = { 'x-forwarded-for': forwardedFor, forwarded: `for="${forwarded}"` }
        expect(client(headers)).toMatch(/^[\d.:a-f]+$/i)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a path below which a proxy puts Berth', () => {
  it('is in what links begin with, without the slash at its end', () => {
    const forwarding = new Forwarding({
      externalUrl: 'https://example.com/berth/',
      trustedProxies: [],
    })
    expect(forwarding.externalOrigin({ host: 'inner:5000' }, {})).toEqual({
      protocol: 'https',
      host: 'example.com',
      prefix: '/berth',
    })
  })
})
