import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import { buildAdvisories, type BuildResult } from '../builder.ts'
import { openAdvisories, type AdvisoryDatabase, type AdvisoryOptions } from '../database.ts'
import { importOsv } from '../import-osv.ts'

/** An OSV record with what every one has; the rest is given. */
export function osv(fields: Record<string, unknown>): Record<string, unknown> {
  return { schema_version: '1.7.3', id: 'X-1', modified: '2024-05-01T00:00:00Z', ...fields }
}

/** One entry of `affected` with one range. */
export function affects(
  ecosystem: string,
  name: string,
  events: readonly Record<string, string>[],
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  const ranges = events.length === 0 ? [] : [{ type: 'ECOSYSTEM', events }]
  return { package: { ecosystem, name }, ranges, ...more }
}

/** Runs `work` with a database of these records, built through a real zip archive, and removes it. */
export async function withAdvisories<T>(
  records: readonly Record<string, unknown>[],
  work: (database: AdvisoryDatabase, built: BuildResult) => T | Promise<T>,
  options: AdvisoryOptions = {},
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-osv-'))
  try {
    const archive = join(folder, 'all.zip')
    const files = records.map((record, index) => [`${index}.json`, JSON.stringify(record)] as const)
    await writeFile(archive, zipOf(files))
    const file = join(folder, 'advisories.db')
    const built = await buildAdvisories(file, [importOsv({ path: archive, source: 'osv/test' })])
    const database = openAdvisories(file, options)
    try {
      return await work(database, built)
    } finally {
      database.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A zip archive, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, also with names that no tool would write. */
export function zipOf(
  files: readonly (readonly [name: string, contents: string | Buffer])[],
  lies: { uncompressedSize?: number } = {},
): Buffer {
  const bodies: Buffer[] = []
  const list: Buffer[] = []
  let offset = 0
  for (const [name, contents] of files) {
    const plain = Buffer.from(contents)
    const packed = deflateRawSync(plain)
    const nameBytes = Buffer.from(name)
    const facts = Buffer.alloc(26)
    facts.writeUInt16LE(20, 0)
    facts.writeUInt16LE(8, 4)
    facts.writeUInt32LE(crc32(plain), 10)
    facts.writeUInt32LE(packed.length, 14)
    facts.writeUInt32LE(lies.uncompressedSize ?? plain.length, 18)
    facts.writeUInt16LE(nameBytes.length, 22)
    bodies.push(Buffer.from('PK\u0003\u0004', 'latin1'), facts, nameBytes, packed)
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    list.push(Buffer.from('PK\u0001\u0002\u0014\u0000', 'latin1'), facts, place, nameBytes)
    offset += 30 + nameBytes.length + packed.length
  }
  const listBytes = Buffer.concat(list)
  const end = Buffer.alloc(22)
  end.write('PK\u0005\u0006', 0, 'latin1')
  end.writeUInt16LE(files.length, 8)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(listBytes.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...bodies, listBytes, end])
}
