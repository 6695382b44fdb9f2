import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openAdvisories } from './database.ts'
import { AdvisoryImportError } from './errors.ts'
import { affects, osv, zipOf } from './testing/osv-files.ts'
import { grypeSource } from './grype-source.ts'
import { defaultAddresses } from './update-addresses.ts'
import { epssSource, kevSource, osvSource } from './update-sources.ts'
import { updateAdvisories, type UpdateOptions } from './update.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

let folder: string
let file: string
let server: Server
let base: string
let answers: Record<string, Answer>
let requests: { path: string; etag: string | undefined }[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-update-'))
  file = join(folder, 'advisories.db')
  answers = {}
  requests = []
  server = createServer((request, response) => {
    const path = request.url ?? ''
    requests.push({ path, etag: request.headers['if-none-match'] })
    const answer = answers[path]
    if (answer === undefined) response.writeHead(404).end()
    else answer(request, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(folder, { recursive: true, force: true })
})

test('only what has changed is fetched again', async () => {
  answers['/npm/all.zip'] = data('a', '"one"')
  answers['/Rocky%20Linux/all.zip'] = data('r', '"rocky"', 'Rocky Linux:9')
  expect((await update('npm', 'Rocky Linux')).sources).toMatchObject([
    { state: 'updated', source: 'osv/npm', records: 1 },
    { state: 'updated', source: 'osv/Rocky Linux', records: 1 },
  ])
  answers['/npm/all.zip'] = data('b', '"two"')
  const second = await update('npm', 'Rocky Linux')
  expect(second.sources).toMatchObject([
    { state: 'updated', source: 'osv/npm' },
    { state: 'unchanged', source: 'osv/Rocky Linux' },
  ])
  expect(second.data).toMatchObject({ revision: 2 })
  expect(second.data?.sources.find(({ name }) => name === 'osv/npm')?.license).toBe('CC-BY-4.0')
  expect(requests.map(({ etag }) => etag)).toEqual([undefined, undefined, '"one"', '"rocky"'])
  expect(found()).toEqual(['b', 'r'])
})

test('nothing changed: the database stays as it is', async () => {
  answers['/npm/all.zip'] = data('a', '"one"')
  await update('npm')
  expect(await update('npm')).toMatchObject({
    data: { revision: 1 },
    sources: [{ state: 'unchanged' }],
  })
})

test('another address is fetched, whatever its server calls its state', async () => {
  answers['/npm/all.zip'] = data('a', '"one"')
  answers['/mirror/npm/all.zip'] = data('b', '"one"')
  await update('npm')
  await updateFrom(`${base}/mirror/`, 'npm')
  expect(requests.at(-1)).toEqual({ path: '/mirror/npm/all.zip', etag: undefined })
  expect(found()).toEqual(['b'])
})

test('one source that fails hinders no other and keeps what it had', async () => {
  answers['/npm/all.zip'] = data('a', '"one"')
  answers['/Rocky%20Linux/all.zip'] = data('r', '"rocky"', 'Rocky Linux:9')
  await update('npm', 'Rocky Linux')
  answers['/npm/all.zip'] = (_, response) => response.end('no zip archive at all')
  delete answers['/Rocky%20Linux/all.zip']
  answers['/PyPI/all.zip'] = data('p', '"p"', 'PyPI')
  const { sources } = await update('npm', 'Rocky Linux', 'PyPI')
  expect(sources).toMatchObject([
    {
      state: 'failed',
      source: 'osv/npm',
      message: expect.stringMatching(/no OSV record/) as string,
    },
    {
      state: 'failed',
      source: 'osv/Rocky Linux',
      message: expect.stringMatching(/answered 404/) as string,
    },
    { state: 'updated', source: 'osv/PyPI' },
  ])
  expect(found()).toEqual(['a', 'p', 'r'])
  expect(readdirSync(folder).toSorted()).toEqual([
    'advisories.db',
    'advisories.db.former',
    'advisories.db.lock',
  ])
})

test('EPSS and KEV come with the same update', async () => {
  answers['/npm/all.zip'] = data('a', '"one"', 'npm', 'CVE-2023-0001')
  answers['/epss.csv.gz'] = (_, response) =>
    response.end(
      gzipSync(
        '#model_version:v2025.03.14,score_date:2024-05-02T00:00:00Z\ncve,epss,percentile\nCVE-2023-0001,0.5,0.9\n',
      ),
    )
  answers['/kev.json'] = (_, response) =>
    response.end(
      JSON.stringify({ vulnerabilities: [{ cveID: 'CVE-2023-0001', dateAdded: '2023-02-02' }] }),
    )
  const addresses = {
    ...defaultAddresses,
    osv: base,
    epss: `${base}/epss.csv.gz`,
    kev: `${base}/kev.json`,
  }
  const sources = [osvSource('npm', addresses), epssSource(addresses), kevSource(addresses)]
  const { data: inForce } = await updateAdvisories(file, { ...options(), sources })
  expect(inForce).toMatchObject({ revision: 1, sources: [{}, {}, {}] })
  const database = openAdvisories(file)
  expect(database.match({ package: { kind: 'npm', name: 'a', version: '1.0.0' } })).toMatchObject([
    { vulnerability: 'CVE-2023-0001', epss: 0.5, knownExploited: '2023-02-02' },
  ])
  database.close()
})

test.each<[string, (archive: Buffer) => object, RegExp]>([
  [
    'a wrong checksum',
    () => ({ path: 'db.tar.zst', checksum: `sha256:${'0'.repeat(64)}` }),
    /has the checksum sha256:[0-9a-f]+, not sha256:0+ as/,
  ],
  [
    'another server',
    (archive) => ({ path: 'http://example.org/db.tar.zst', checksum: sha256(archive) }),
    /an archive on another server/,
  ],
  ['nothing', () => ({}), /does not name an archive/],
  [
    'something else',
    (archive) => ({ path: 'db.tar.zst', checksum: sha256(archive) }),
    /No source of advisories could be updated/,
  ],
])("Grype's latest.json names %s: refused", async (_, latest, message) => {
  const archive = Buffer.from('no archive')
  answers['/v6/latest.json'] = (_request, response) => response.end(JSON.stringify(latest(archive)))
  answers['/v6/db.tar.zst'] = (_request, response) => response.end(archive)
  const sources = [grypeSource({ ...defaultAddresses, grype: `${base}/v6/latest.json` })]
  await expect(updateAdvisories(file, { ...options(), sources })).rejects.toThrow(message)
  expect(readdirSync(folder).filter((name) => name.endsWith('.db'))).toEqual([])
})

test("Grype's database is fetched once for each checksum", async () => {
  const archive = Buffer.from('what importGrype reads is tested with it')
  answers['/v6/latest.json'] = (_, response) =>
    response.end(JSON.stringify({ path: 'db.tar.zst', checksum: sha256(archive) }))
  answers['/v6/db.tar.zst'] = (_, response) => response.end(archive)
  const source = grypeSource({ ...defaultAddresses, grype: `${base}/v6/latest.json` })
  const fetching = { fetch, maxBytes: 1000, retries: 0, retryDelayMs: 1, timeoutMs: 5000 }
  const first = await source.fetch(join(folder, 'one'), fetching)
  expect(first).toMatchObject({ source: 'grype-db', etag: sha256(archive) })
  expect(await source.fetch(join(folder, 'two'), { ...fetching, etag: sha256(archive) })).toBe(
    'unchanged',
  )
  expect(requests.map(({ path }) => path)).toEqual([
    '/v6/latest.json',
    '/v6/db.tar.zst',
    '/v6/latest.json',
  ])
})

test('not a single source: an error that names each reason', async () => {
  await expect(update('npm', 'PyPI')).rejects.toThrow(AdvisoryImportError)
  await expect(update('npm', 'PyPI')).rejects.toThrow(/npm\/all\.zip answered 404.*PyPI\/all\.zip/)
})

test('a server that stumbles is asked again', async () => {
  let tries = 0
  answers['/npm/all.zip'] = (request, response) => {
    tries += 1
    if (tries === 1) response.writeHead(503).end()
    else if (tries === 2) request.socket.destroy()
    else if (tries === 3) {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('x'.repeat(500), () => request.socket.destroy())
    } else data('a', '"one"')(request, response)
  }
  expect(await update('npm')).toMatchObject({ sources: [{ state: 'updated' }] })
  expect(tries).toBe(4)
})

test('one that goes on stumbling is left, with the reason', async () => {
  answers['/npm/all.zip'] = (_, response) => response.writeHead(500).end()
  await expect(update('npm')).rejects.toThrow(
    /could not be fetched in 4 tries: the server answered 500/,
  )
})

test('more than the limit is refused, announced or not', async () => {
  answers['/npm/all.zip'] = data('a', '"one"')
  answers['/PyPI/all.zip'] = (_, response) => {
    pipeline(Readable.from(endless()), response).catch(() => undefined)
  }
  const sources = ['npm', 'PyPI'].map((name) => osvSource(name, { ...defaultAddresses, osv: base }))
  await expect(updateAdvisories(file, { ...options(), sources, maxBytes: 100 })).rejects.toThrow(
    /npm\/all\.zip is larger than 100 bytes.*PyPI\/all\.zip is larger than 100 bytes/,
  )
})

test('a server that says nothing is left after the time', async () => {
  answers['/npm/all.zip'] = () => undefined
  const sources = [osvSource('npm', { ...defaultAddresses, osv: base })]
  await expect(
    updateAdvisories(file, { ...options(), sources, timeoutMs: 50, retries: 1 }),
  ).rejects.toThrow(/in 2 tries: it took too long/)
})

test('an abort ends it', async () => {
  const abort = new AbortController()
  answers['/npm/all.zip'] = () => abort.abort(new Error('stopped'))
  const sources = [osvSource('npm', { ...defaultAddresses, osv: base })]
  await expect(
    updateAdvisories(file, { ...options(), sources, signal: abort.signal }),
  ).rejects.toThrow('stopped')
  expect(readdirSync(folder)).toEqual([])
})

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(10_000)
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function update(...ecosystems: readonly string[]): ReturnType<typeof updateAdvisories> {
  return updateFrom(base, ...ecosystems)
}

function updateFrom(
  osvBase: string,
  ...ecosystems: readonly string[]
): ReturnType<typeof updateAdvisories> {
  const sources = ecosystems.map((name) => osvSource(name, { ...defaultAddresses, osv: osvBase }))
  return updateAdvisories(file, { ...options(), sources })
}

function options(): Omit<UpdateOptions, 'sources'> {
  return { fetch, retryDelayMs: 1 }
}

/** An export with one record; a server that knows what the client has. */
function data(name: string, etag: string, ecosystem = 'npm', id = `X-${name}`): Answer {
  return (request, response) => {
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304).end()
      return
    }
    const record = osv({
      id,
      affected: [affects(ecosystem, name, [{ introduced: '0' }])],
    })
    response.writeHead(200, { etag }).end(zipOf([['a.json', JSON.stringify(record)]]))
  }
}

function found(): string[] {
  const database = openAdvisories(file)
  const rocky = { id: 'rocky', release: '9', idLike: [] }
  try {
    return [
      ...database.match({ package: { kind: 'npm', name: 'a', version: '1.0.0' } }),
      ...database.match({ package: { kind: 'npm', name: 'b', version: '1.0.0' } }),
      ...database.match({ package: { kind: 'pypi', name: 'p', version: '1.0.0' } }),
      ...database.match({
        package: { kind: 'rpm', name: 'r', version: '1-1' },
        distribution: rocky,
      }),
    ].map(({ vulnerability }) => vulnerability.slice(2))
  } finally {
    database.close()
  }
}
