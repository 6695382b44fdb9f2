import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { buffer } from 'node:stream/consumers'
import { zstdCompressSync } from 'node:zlib'
import tar from 'tar-stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from '../testing/run-command.ts'

let scratch: string
let server: Server
let archive: Buffer

const run = (...argv: string[]) => runCommand(argv, { env: { HOME: scratch }, cwd: scratch })

/** One advisory for openssl in Debian 12, as version 6 of Grype's database has it. */
const grype = `
  CREATE TABLE db_metadata (build_timestamp datetime, model integer, revision integer, addition integer);
  CREATE TABLE blobs (id integer PRIMARY KEY, value text);
  CREATE TABLE vulnerability_handles (id integer PRIMARY KEY, name text, status text, provider_id text, published_date datetime, withdrawn_date datetime, blob_id integer);
  CREATE TABLE packages (id integer PRIMARY KEY, ecosystem text, name text);
  CREATE TABLE operating_systems (id integer PRIMARY KEY, name text, major_version text, minor_version text, label_version text, codename text, channel text);
  CREATE TABLE affected_package_handles (id integer PRIMARY KEY, vulnerability_id integer, operating_system_id integer, package_id integer, blob_id integer);
  INSERT INTO db_metadata VALUES ('2026-02-01 01:30:06+00:00', 6, 1, 4);
  INSERT INTO vulnerability_handles VALUES (1, 'CVE-2024-0001', 'active', 'debian', NULL, NULL, 1);
  INSERT INTO packages VALUES (1, 'deb', 'openssl');
  INSERT INTO operating_systems VALUES (1, 'debian', '12', NULL, NULL, 'bookworm', NULL);
  INSERT INTO affected_package_handles VALUES (1, 1, 1, 1, 2);
  INSERT INTO blobs VALUES (1, '{"id":"cve-2024-0001"}'), (2, '{"ranges":[{"version":{"type":"deb","constraint":"< 3.0.13-1"},"fix":{"version":"3.0.13-1","state":"fixed"}}]}');
`

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'berth-advisories-'))
  const database = new DatabaseSync(join(scratch, 'vulnerability.db'))
  database.exec(grype)
  database.close()
  const pack = tar.pack()
  pack.entry({ name: 'vulnerability.db' }, await readFile(join(scratch, 'vulnerability.db')))
  pack.finalize()
  archive = zstdCompressSync(await buffer(pack))
  await writeFile(join(scratch, 'db.tar.zst'), archive)
  const checksum = `sha256:${createHash('sha256').update(archive).digest('hex')}`
  server = createServer(({ url }, answer) => {
    if (url === '/v6/latest.json') answer.end(JSON.stringify({ path: 'db.tar.zst', checksum }))
    else if (url === '/v6/db.tar.zst') answer.end(archive)
    else answer.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterAll(async () => {
  server.close()
  await rm(scratch, { recursive: true, force: true })
})

describe("Grype's database", () => {
  test.each(['vulnerability.db', 'db.tar.zst'])('comes in from %s', async (file) => {
    const imported = await run('advisories', 'import', file, '--advisories', `${file}.berth`)
    expect(imported.code, imported.stderr).toBe(0)
    expect(imported.stdout).toMatch(/grype-db +1 +2026-02-01/)
  })

  test('is fetched with --grype, and nothing else is then', async () => {
    const { port } = server.address() as AddressInfo
    const address = `http://127.0.0.1:${port}/v6/latest.json`
    const args = ['advisories', 'update', '--grype', address, '--advisories', 'fetched.berth']
    const fetched = await run('--json', ...args)
    expect(fetched.code, fetched.stderr).toBe(0)
    expect(fetched.json()).toMatchObject({ sources: [{ source: 'grype-db', state: 'updated' }] })
    expect((await run('--json', ...args)).json()).toMatchObject({
      sources: [{ source: 'grype-db', state: 'unchanged' }],
    })
  })

  test('is told from an archive of Berth by what is in it, whatever its name', async () => {
    const exported = ['advisories', 'export', 'vulnerability-db.tar.zst']
    expect((await run(...exported, '--advisories', 'db.tar.zst.berth')).code).toBe(0)
    const imported = await run(
      'advisories',
      'import',
      'vulnerability-db.tar.zst',
      '--advisories',
      'again.berth',
    )
    expect(imported.code, imported.stderr).toBe(0)
    expect(imported.stdout).toContain('grype-db')
  })
})

describe('refused, and nothing is changed', () => {
  test.each([
    ['a database of Berth', () => readFile(join(scratch, 'db.tar.zst.berth')), /--advisories/],
    ['another database', () => otherDatabase(), /Grype/],
    ['zstd that ends early', async () => archive.subarray(0, 20), /cannot be unpacked/],
    ['zstd of something else', async () => zstdCompressSync(Buffer.alloc(2048, 7)), /cannot be/],
    ['anything', async () => Buffer.from('hello'), /kind cannot be told/],
    ['nothing', async () => Buffer.alloc(0), /kind cannot be told/],
  ])('%s', async (_, content, says) => {
    const database = ['--advisories', 'kept.berth']
    await run('advisories', 'import', 'vulnerability.db', ...database)
    const before = await readFile(join(scratch, 'kept.berth'))
    await writeFile(join(scratch, 'given'), await content())
    const { code, stderr } = await run('advisories', 'import', 'given', ...database)
    expect(code, stderr).toBe(2)
    expect(stderr).toMatch(says)
    expect(stderr).toContain('still in force')
    expect((await readFile(join(scratch, 'kept.berth'))).equals(before)).toBe(true)
  })
})

async function otherDatabase(): Promise<Buffer> {
  const file = join(scratch, 'other.db')
  const database = new DatabaseSync(file)
  database.exec('DROP TABLE IF EXISTS a; CREATE TABLE a (b)')
  database.close()
  return readFile(file)
}
