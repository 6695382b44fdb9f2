import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigError, type ConfigFault } from './config-error.ts'
import { fieldsByPath } from './fields.ts'
import { type ConfigSources, loadConfig, redactConfig } from './load.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0

function yaml(text: string | Buffer): string {
  files += 1
  const file = join(folder, `${files}.yaml`)
  writeFileSync(file, text)
  return file
}

function load(sources: ConfigSources) {
  return loadConfig({ environment: {}, cwd: folder, ...sources })
}

function faults(sources: ConfigSources): readonly ConfigFault[] {
  try {
    load(sources)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  throw new Error('These settings were accepted')
}

function faultsOfYaml(text: string) {
  return faults({ file: yaml(text) }).map(({ path, origin, problem }) => ({
    path,
    at: origin.replace(/^\d+\.yaml:?/, ''),
    problem,
  }))
}

describe('defaults', () => {
  it('are complete without a file or an environment', () => {
    const config = load({})
    expect(config.http).toEqual({
      address: '127.0.0.1',
      port: 5000,
      trustedProxies: [],
      allowedAddresses: [],
      rateLimit: { requestsPerSecond: 0, burst: 2000 },
      allowPlainHttp: false,
      maxConnections: 20000,
      stallTimeoutSeconds: 120,
      drainTimeoutSeconds: 30,
      tls: { kind: 'off' },
    })
    expect(config.dataDirectory).toBe(join(folder, 'berth-data'))
    expect(config.metadata).toEqual({
      kind: 'sqlite',
      file: join(folder, 'berth-data/metadata.sqlite'),
    })
    expect(config.storage).toMatchObject({
      kind: 'filesystem',
      directory: join(folder, 'berth-data/blobs'),
      hotBlobCacheBytes: 64 * 1024 * 1024,
    })
    expect(config.access.administrator).toEqual({ name: 'admin' })
  })

  it('are frozen through and through', () => {
    const config = load({})
    expect(() => Object.assign(config.http.tls, { kind: 'files' })).toThrow(TypeError)
    expect(() => Reflect.apply(Array.prototype.push, config.http.trustedProxies, ['::1'])).toThrow(
      TypeError,
    )
  })

  it('stand for empty sections and empty values', () => {
    const config = load({ file: yaml('http:\nmetrics:\n  port:\nlog: ~\n') })
    expect(config).toEqual(load({}))
  })

  it('come with a description, for every setting', () => {
    for (const field of fieldsByPath.values()) expect(field.description, field.path).toMatch(/\.$/)
  })
})

describe('precedence', () => {
  it('is file, then environment, then command line', () => {
    const file = yaml('http: { port: 1, maxConnections: 1, drainTimeoutSeconds: 1 }')
    const environment = { BERTH_HTTP__PORT: '2', BERTH_HTTP__MAX_CONNECTIONS: '2' }
    const { http } = load({ file, environment, overrides: { http: { port: 3 } } })
    expect(http).toMatchObject({ port: 3, maxConnections: 2, drainTimeoutSeconds: 1 })
  })

  it('minds no variable of the other commands', () => {
    const environment = { BERTH_PLAIN_HTTP: 'registry.internal:5000', BERTH_CA_FILE: 'ca.pem' }
    expect(load({ environment }).http.port).toBe(5000)
  })

  it('takes the file from BERTH_CONFIG, and --config wins over it', () => {
    const [one, two] = [yaml('http: { port: 1 }'), yaml('http: { port: 2 }')]
    expect(load({ environment: { BERTH_CONFIG: one } }).http.port).toBe(1)
    expect(load({ file: two, environment: { BERTH_CONFIG: one } }).http.port).toBe(2)
  })

  it('ignores an override that is undefined', () => {
    const file = yaml('http: { port: 1 }')
    expect(load({ file, overrides: { http: { port: undefined } } }).http.port).toBe(1)
  })

  it('drops what the file says for another kind when the environment sets the kind', () => {
    const file = yaml('storage: { kind: filesystem, directory: /d, hotBlobCacheBytes: 5 }')
    const { storage } = load({ file, environment: { BERTH_STORAGE__KIND: 'memory' } })
    expect(storage).toEqual({ kind: 'memory', hotBlobCacheBytes: 5, hotBlobMaxBytes: 262144 })
  })
})

describe('paths', () => {
  const file = () =>
    yaml(
      'dataDirectory: data\nhttp: { tls: { kind: files, certificateFile: c.pem, privateKeyFile: /k.pem } }',
    )

  it("in the file resolve against the file's folder", () => {
    const { dataDirectory, http, metadata } = load({ file: file(), cwd: '/elsewhere' })
    expect(dataDirectory).toBe(join(folder, 'data'))
    expect(metadata).toMatchObject({ file: join(folder, 'data/metadata.sqlite') })
    expect(http.tls).toMatchObject({
      certificateFile: join(folder, 'c.pem'),
      privateKeyFile: '/k.pem',
    })
  })

  it('in the environment and on the command line resolve against the working folder', () => {
    const environment = { BERTH_HTTP__TLS__CERTIFICATE_FILE: 'c.pem' }
    const overrides = { dataDirectory: 'other' }
    const config = load({ file: file(), cwd: '/elsewhere', environment, overrides })
    expect(config.http.tls).toMatchObject({ certificateFile: '/elsewhere/c.pem' })
    expect(config.storage).toMatchObject({ directory: '/elsewhere/other/blobs' })
  })
})

describe('environment', () => {
  it('names every setting, in any case, with or without single underscores', () => {
    const environment = {
      BERTH_HTTP__EXTERNAL_URL: 'https://registry.example.com',
      BERTH_http__maxConnections: '7',
      BERTH_REGISTRY__UPLOADS__IDLEHOURS: '0.5',
      BERTH_REGISTRY__ALLOW_SPARSE_MANIFESTS: 'TRUE',
      BERTH_LOG__LEVEL: ' debug ',
    }
    const { http, registry, log } = load({ environment })
    expect(http).toMatchObject({ externalUrl: 'https://registry.example.com', maxConnections: 7 })
    expect(registry).toMatchObject({ allowSparseManifests: true, uploads: { idleHours: 0.5 } })
    expect(log.level).toBe('debug')
  })

  it.each([
    ['10.0.0.0/8, ::1 ,', ['10.0.0.0/8', '::1']],
    ['["10.0.0.0/8","fd00::/8"]', ['10.0.0.0/8', 'fd00::/8']],
    ['[]', []],
  ])('takes the list %s', (text, expected) => {
    const file = yaml('http: { trustedProxies: [192.0.2.1] }')
    const environment = { BERTH_HTTP__TRUSTED_PROXIES: text }
    expect(load({ file, environment }).http.trustedProxies).toEqual(expected)
  })

  it('counts an empty variable as not set', () => {
    const file = yaml('http: { port: 1 }')
    expect(
      load({ file, environment: { BERTH_HTTP__PORT: '', BERTH_NONSENSE: '' } }).http.port,
    ).toBe(1)
  })

  it('ignores what Kubernetes adds for a Service named berth, and other programs', () => {
    const environment = {
      BERTH_PORT: 'tcp://10.0.0.1:5000',
      BERTH_PORT_5000_TCP: 'tcp://10.0.0.1:5000',
      BERTH_PORT_5000_TCP_ADDR: '10.0.0.1',
      BERTH_SERVICE_HOST: '10.0.0.1',
      BERTH_SERVICE_PORT_METRICS: '9100',
      BERTHA: 'x',
      PORT: '1',
    }
    expect(load({ environment })).toEqual(load({}))
  })

  it.each([
    ['BERTH_HTTP_PORT', '80', 'Did you mean BERTH_HTTP__PORT?'],
    ['BERTH_HTTP__PROT', '80', 'Did you mean BERTH_HTTP__PORT?'],
    ['BERTH_METADATA__URLFILE', 'x', 'Did you mean BERTH_METADATA__URL_FILE?'],
    ['BERTH_LOG__LEVEL_FILE', 'x', 'is not a setting'],
    ['BERTH_', 'x', 'is not a setting'],
    ['BERTH_HTTP', '{}', 'is not a setting'],
  ])('refuses %s', (variable, text, expected) => {
    const [fault, ...others] = faults({ environment: { [variable]: text } })
    expect(others).toEqual([])
    expect(fault).toMatchObject({ path: '', origin: variable })
    expect(fault?.problem).toContain(expected)
  })

  it('refuses two spellings of one setting', () => {
    const environment = { BERTH_HTTP__PORT: '1', BERTH_http__port: '1' }
    expect(faults({ environment })).toMatchObject([
      { path: 'http.port', origin: 'BERTH_http__port' },
    ])
  })

  it.each([
    ['BERTH_HTTP__PORT', '0x50'],
    ['BERTH_HTTP__PORT', '1e3'],
    ['BERTH_HTTP__PORT', '5000 6000'],
    ['BERTH_METRICS__ENABLED', 'maybe'],
    ['BERTH_METRICS__ENABLED', 'constructor'],
    ['BERTH_HTTP__TRUSTED_PROXIES', '[1'],
    ['BERTH_HTTP__TRUSTED_PROXIES', 'localhost'],
  ])('refuses %s=%s', (variable, text) => {
    expect(faults({ environment: { [variable]: text } })).toMatchObject([{ origin: variable }])
  })
})

describe('secrets', () => {
  const secretFile = (text: string) => yaml(text)

  it('come from a file, without its last line end', () => {
    const file = secretFile(' a pass word \r\n')
    const environment = { BERTH_ACCESS__ADMINISTRATOR__PASSWORD_FILE: file }
    expect(load({ environment }).access.administrator.password).toBe(' a pass word ')
  })

  it('refuse a variable and its file together', () => {
    const environment = {
      BERTH_ACCESS__ADMINISTRATOR__PASSWORD: 'a long password',
      BERTH_ACCESS__ADMINISTRATOR__PASSWORD_FILE: secretFile('a long password'),
    }
    const [fault, ...others] = faults({ environment })
    expect(others).toEqual([])
    expect(fault?.path).toBe('access.administrator.password')
    expect(fault?.problem).toContain('BERTH_ACCESS__ADMINISTRATOR__PASSWORD')
  })

  it.each([
    ['missing', () => join(folder, 'missing'), 'ENOENT'],
    ['a folder', () => folder, 'EISDIR'],
    ['empty', () => secretFile('\n'), 'is empty'],
    ['too large', () => secretFile('x'.repeat(70_000)), 'larger than'],
  ])('report once a file that is %s', (_, file, expected) => {
    const environment = { BERTH_METADATA__KIND: 'postgres', BERTH_METADATA__URL_FILE: file() }
    const [fault, ...others] = faults({ environment })
    expect(others).toEqual([])
    expect(fault).toMatchObject({ path: 'metadata.url', origin: 'BERTH_METADATA__URL_FILE' })
    expect(fault?.problem).toContain(expected)
  })

  it('never appear in a fault', () => {
    const environment = {
      BERTH_METADATA__KIND: 'postgres',
      BERTH_METADATA__URL: 'mysql://u:hunter22@h/d',
      BERTH_ACCESS__ADMINISTRATOR__PASSWORD: 'hunter2',
    }
    const found = faults({ environment })
    expect(found.map(({ path }) => path)).toEqual(['access.administrator.password', 'metadata.url'])
    expect(JSON.stringify(found)).not.toContain('hunter2')
  })

  it('are hidden by redactConfig, which changes nothing else', () => {
    const config = load({
      file: yaml('metadata: { kind: postgres, url: "postgres://u:p@h/d" }'),
      environment: { BERTH_ACCESS__ADMINISTRATOR__PASSWORD: 'correct horse' },
    })
    const shown = redactConfig(config)
    expect(shown.metadata).toEqual({ kind: 'postgres', url: '********', maxConnections: 10 })
    expect(shown.access.administrator.password).toBe('********')
    expect(shown.http).toEqual(config.http)
    expect(config.access.administrator.password).toBe('correct horse')
    expect(redactConfig(load({})).access.administrator).toEqual({ name: 'admin' })
  })
})

describe('faults', () => {
  it('are reported all at once, each with its place and what is accepted', () => {
    const file = yaml('http:\n  port: high\n  adress: ::1\nlog:\n  level: loud\n')
    const found = faults({
      file,
      environment: { BERTH_METRICS__PORT: '70000', BERTH_NONSENSE: '1' },
      overrides: { access: { tokenLifetimeSeconds: 1 } },
    })
    const name = file.slice(folder.length + 1)
    expect(found).toEqual([
      {
        path: '',
        origin: 'BERTH_NONSENSE',
        problem: 'is not a setting of Berth. The reference page lists them all',
      },
      {
        path: 'http.port',
        origin: `${name}:2:9`,
        problem: 'must be a whole number from 0 to 65535, not "high"',
      },
      {
        path: 'http.adress',
        origin: `${name}:3:11`,
        problem: 'is not a setting. Did you mean address?',
      },
      {
        path: 'metrics.port',
        origin: 'BERTH_METRICS__PORT',
        problem: 'must be a whole number from 0 to 65535, not 70000',
      },
      {
        path: 'log.level',
        origin: `${name}:5:10`,
        problem:
          'must be one of `trace`, `debug`, `info`, `warn`, `error`, `fatal`, `silent`, not "loud"',
      },
      {
        path: 'access.tokenLifetimeSeconds',
        origin: 'the command line',
        problem: 'must be a whole number from 60 to 3600, not 1',
      },
    ])
  })

  it('make one readable message', () => {
    const error = new ConfigError(faults({ file: yaml('http: { port: -1 }\nx: 1') }))
    expect(error.message).toMatch(
      /^There are 2 faults in the settings:\n {2}http\.port \(\d+\.yaml:1:15\): must be .*\n {2}x \(\d+\.yaml:2:4\): is not a setting/,
    )
  })

  it.each([
    ['a duplicate key', 'http:\n  port: 1\n  port: 2\n', '3:3', 'second time'],
    ['broken YAML', 'http: [', '1:8', 'not valid YAML'],
    ['two documents', 'http: {}\n---\nlog: {}\n', '2:1', 'not valid YAML'],
    ['an unknown tag', 'http: !secret x', '1:7', 'not valid YAML'],
    ['a list at the top', '- http', '1:1', 'must hold settings'],
    ['text at the top', 'http', '1:1', 'must hold settings'],
  ])('tell the place of %s', (_, text, at, expected) => {
    expect(faultsOfYaml(text)).toEqual([
      { path: '', at, problem: expect.stringContaining(expected) },
    ])
  })

  it('never quote a line that may hold a password', () => {
    expect(
      JSON.stringify(faultsOfYaml('access: {administrator: {password: "hunter22\\q"}}')),
    ).not.toContain('hunter')
  })

  it('tell the place of a missing anchor', () => {
    expect(faultsOfYaml('http: *other')).toMatchObject([
      { path: 'http', at: '1:7', problem: expect.stringContaining('anchor') },
    ])
  })

  it('about a key that is not text say where', () => {
    expect(faultsOfYaml('http:\n  ? [a]\n  : 1\n')).toMatchObject([{ path: 'http', at: '2:5' }])
  })

  it('stop aliases that multiply', () => {
    const levels = Array.from(
      { length: 12 },
      (_, n) => `k${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]`,
    )
    const found = faultsOfYaml(`k0: &a0 [x]\n${levels.join('\n')}`)
    expect(found[0]?.problem).toContain('more than 5000 values')
    expect(faultsOfYaml('a: &a { b: *a }')[0]?.problem).toContain('32 levels')
  })

  it.each([
    ['too large', () => yaml('#'.repeat(300_000)), 'is larger than'],
    ['not UTF-8', () => yaml(Buffer.from([0x23, 0xff])), 'is not UTF-8'],
    ['absent', () => join(folder, 'absent.yaml'), 'ENOENT'],
    ['nested without end', () => yaml('['.repeat(200_000)), 'not valid YAML'],
  ])('tell that the file is %s', (_, file, expected) => {
    const [fault] = faults({ file: file() })
    expect(fault?.problem).toContain(expected)
  })

  it.each([
    ['http: 5', 'http', 'must be a section'],
    ['http: { tls: [] }', 'http.tls', 'must be a section'],
    ['http: { tls: { kind: on } }', 'http.tls.kind', 'must be one of `off`, `files`, `selfSigned`'],
    ['http: { tls: { kind: files, certificateFile: a } }', 'http.tls.privateKeyFile', 'is missing'],
    ['http: { tls: { certificateFile: a } }', 'http.tls.certificateFile', 'is for kind "files"'],
    ['metadata: { url: "postgres:///x" }', 'metadata.url', 'metadata.kind is "sqlite"'],
    ['metadata: { kind: postgres }', 'metadata.url', 'is missing'],
    ['http: { prot: 1 }', 'http.prot', 'Did you mean port?'],
    ['http: { trusted_proxies: [] }', 'http.trusted_proxies', 'Did you mean trustedProxies?'],
    ['port: 1', 'port', 'Did you mean http.port or metrics.port?'],
    ['http: { trustedProxies: [10.0.0.0/33] }', 'http.trustedProxies[0]', '10.0.0.0/33'],
    ['http: { trustedProxies: [::/129] }', 'http.trustedProxies[0]', '::/129'],
    ['http: { trustedProxies: [1.2.3.4/] }', 'http.trustedProxies[0]', '1.2.3.4/'],
    ['http: { trustedProxies: ::1 }', 'http.trustedProxies', 'must be a list'],
    ['http: { address: example.com }', 'http.address', 'must be an IPv4'],
    ['http: { externalUrl: "https://h/a//b" }', 'http.externalUrl', 'plain path'],
    ['http: { externalUrl: "https://h/../b" }', 'http.externalUrl', 'plain path'],
    ['http: { externalUrl: "https://u@h" }', 'http.externalUrl', 'without a query'],
    ['http: { externalUrl: "ftp://h" }', 'http.externalUrl', 'without a query'],
    ['http: { externalUrl: "https://h?" }', 'http.externalUrl', 'without a query'],
    ['http: { tls: { kind: selfSigned, hosts: ["a b"] } }', 'http.tls.hosts[0]', 'host names'],
    [
      'access: { administrator: { password: 12345678 } }',
      'access.administrator.password',
      'in quotes',
    ],
    ['access: { administrator: { name: "a:b" } }', 'access.administrator.name', 'must be 1 to 64'],
    ['dataDirectory: ""', 'dataDirectory', 'must be a path'],
    ['registry: { pageMax: .inf }', 'registry.pageMax', 'not Infinity'],
    ['metrics: { port: 5000 }', 'metrics.port', 'http.port takes already'],
    ['__proto__: { http: 1 }', '__proto__', 'is not a setting'],
    ['constructor: 1', 'constructor', 'is not a setting'],
  ])('%s', (text, path, expected) => {
    expect(faultsOfYaml(text)).toMatchObject([{ path, problem: expect.stringContaining(expected) }])
  })
})

describe('a bind address beyond loopback', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1', '::ffff:192.0.2.1'])(
    '%s is refused without TLS',
    (address) => {
      expect(faults({ overrides: { http: { address } } })).toMatchObject([
        { path: 'http.address', problem: expect.stringContaining('http.allowPlainHttp') },
      ])
    },
  )

  it('is refused together with other faults', () => {
    const found = faults({ overrides: { http: { address: '0.0.0.0', port: -1 } } })
    expect(found.map(({ path }) => path).sort()).toEqual(['http.address', 'http.port'])
  })

  it('is accepted with TLS or when said explicitly', () => {
    const address = '0.0.0.0'
    load({ overrides: { http: { address, tls: { kind: 'selfSigned' } } } })
    load({ overrides: { http: { address, allowPlainHttp: true } } })
  })

  it.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost'])('is not %s', (address) => {
    expect(load({ overrides: { http: { address } } }).http.address).toBe(address)
  })
})

describe('arbitrary input', () => {
  const allowed = (sources: ConfigSources) => {
    try {
      expect(Object.isFrozen(load(sources))).toBe(true)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      expect(error.faults.length).toBeGreaterThan(0)
    }
  }
  const paths = [...fieldsByPath.keys()]
  const scalar = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom(
      'files',
      'selfSigned',
      'postgres',
      'memory',
      '0.0.0.0',
      '*a',
      '&a x',
      '!!int x',
    ),
  )

  it('in YAML never throws anything but ConfigError', () => {
    const file = join(folder, 'arbitrary.yaml')
    const node = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        scalar,
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(
          fc.oneof(fc.constantFrom(...paths.flatMap((path) => path.split('.'))), fc.string()),
          tie('node'),
          { maxKeys: 4 },
        ),
      ),
    })).node
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      node.map((value) => JSON.stringify(value)),
      fc.stringMatching(/^[\s\-?:,[\]{}#&*!|>'"%@`a]{0,40}$/),
    )
    fc.assert(
      fc.property(text, (content) => {
        writeFileSync(file, content)
        allowed({ file })
      }),
      { numRuns: 1000 },
    )
  })

  it('in the environment never throws anything but ConfigError', () => {
    const names = [...fieldsByPath.values()].map(({ variable }) => variable)
    const variable = fc.oneof(
      fc.constantFrom(...names),
      fc.constantFrom(...names).map((name) => `${name}_FILE`),
      fc.string().map((name) => `BERTH_${name}`),
    )
    fc.assert(
      fc.property(fc.dictionary(variable, scalar.map(String), { maxKeys: 6 }), (environment) => {
        allowed({ environment })
      }),
      { numRuns: 1000 },
    )
  })
})

it('reads process.env and the working folder when nothing else is given', () => {
  const script = `import { loadConfig } from ${JSON.stringify(import.meta.resolve('./load.ts'))}
    const { http, dataDirectory } = loadConfig()
    console.log(http.port, dataDirectory)`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
    env: { BERTH_HTTP__PORT: '4321' },
    encoding: 'utf8',
  })
  expect(output.trim()).toBe(`4321 ${join(folder, 'berth-data')}`)
})
