import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { AuditLog } from '../audit/log.ts'
import { AuditSealer } from '../audit/sealer.ts'
import { AuditVerification } from '../audit/verification.ts'
import { insertAuditEntry } from '../metadata/audit-entries.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { auditCommand } from './audit.ts'

describe.each(testDatabases.slice(0, 1))('berth audit on $name', (engine) => {
  let test: TestDatabase
  let folder: string
  beforeAll(async () => {
    test = await engine.open()
    folder = await mkdtemp(join(tmpdir(), 'berth-audit-'))
    await test.database.transaction(async (tx) => {
      for (let number = 0; number < 5; number += 1) {
        await insertAuditEntry(
          tx,
          { actor: { kind: 'user', id: 'u', name: 'alice' }, address: '', requestId: 'r' },
          {
            action: number === 4 ? 'user.created' : 'tag.moved',
            targetKind: 'tag',
            target: number === 0 ? 'evil\u001b[2J' : `acme/app:${number}`,
            project: 'acme',
          },
          `2026-01-0${number + 1}T00:00:00.000Z`,
        )
      }
    })
  })
  afterAll(async () => {
    await test.close()
    await rm(folder, { recursive: true, force: true })
  })
  afterEach(() => {
    process.exitCode = undefined
  })

  const berthAudit = async (...line: string[]) => {
    const { database } = test
    let closed = 0
    const open = async () => ({
      log: new AuditLog({ database }),
      sealer: new AuditSealer({ database, now: Date.now }),
      verification: new AuditVerification({ database }),
      close: async () => {
        closed += 1
      },
    })
    let out = ''
    let err = ''
    const stdout = new PassThrough({ encoding: 'utf8' }).on('data', (text: string) => (out += text))
    const command = auditCommand(open, { stdout })
    for (const each of [command, ...command.commands])
      each.exitOverride().configureOutput({ writeErr: (text) => void (err += text) })
    const failed = await command.parseAsync(line, { from: 'user' }).then(
      () => false,
      () => true,
    )
    stdout.end()
    return { out, err, failed, closed, exitCode: process.exitCode }
  }
  const alter = (name: string) =>
    test.database.transaction((tx) =>
      tx.updateTable('audit_entries').set({ actor_name: name }).where('position', '=', 3).execute(),
    )

  it('prints the head of all that was written, and verifies against it', async () => {
    const { out: head, closed } = await berthAudit('head')
    expect(head).toMatch(/^5:[0-9a-f]{64}\n$/)
    expect(closed).toBe(1)
    const good = await berthAudit('verify', '--expect', head.trim())
    expect(good).toMatchObject({ exitCode: undefined, failed: false, closed: 1 })
    expect(good.out).toContain('The chain is whole: 5 entries verified, from position 1 to 5.')
    const other = await berthAudit('verify', '--expect', `5:${'0'.repeat(64)}`)
    expect(other.out).toContain('not what the head that was kept elsewhere says')
    expect(other.exitCode).toBe(1)
  })

  it('exits with 1 when a row was altered, and names it', async () => {
    await alter('mallory')
    const text = await berthAudit('verify')
    expect(text.exitCode).toBe(1)
    expect(text.out).toContain('the entry at position 3 (row 3) does not match its hash')
    const json = await berthAudit('verify', '--json')
    expect(JSON.parse(json.out)).toMatchObject({
      fault: { position: 3, id: 3, check: 'altered' },
      verified: 2,
    })
    process.exitCode = undefined
    expect(await berthAudit('verify', '--from', '4')).toMatchObject({ exitCode: undefined })
    await alter('alice')
  })

  it('lists with filters, and lets no control character reach the terminal', async () => {
    const { out } = await berthAudit('list', '--action', 'tag.', '--limit', '10')
    const lines = out.trimEnd().split('\n')
    expect(lines).toHaveLength(4)
    expect(lines[0]).toBe('2026-01-04T00:00:00.000Z  success  alice  tag.moved  acme/app:3  -')
    expect(lines[3]).toContain('evil\u{fffd}[2J')
    expect((await berthAudit('list', '--limit', '2')).out.trimEnd().split('\n')).toHaveLength(2)
    const since = await berthAudit('list', '--from', '2026-01-05', '--json')
    expect(JSON.parse(since.out)).toMatchObject({ action: 'user.created' })
  })

  it('exports to a file that verifies without the database, until a letter in it is altered', async () => {
    const { out } = await berthAudit('export')
    const file = join(folder, 'export.jsonl')
    await writeFile(file, out)
    const good = await berthAudit('verify', '--file', file)
    expect(good).toMatchObject({ exitCode: undefined, closed: 0 })
    expect(good.out).toContain('The export is whole: 5 entries verified, positions 1 to 5.')
    await writeFile(file, out.replace('acme/app:3', 'acme/app:9'))
    const bad = await berthAudit('verify', '--file', file)
    expect(bad.exitCode).toBe(1)
    expect(bad.out).toContain('at position 4, in line 4, does not match its hash')
    await writeFile(file, 'x'.repeat(300 * 1024))
    expect(await berthAudit('verify', '--file', file)).toMatchObject({ failed: true })
    expect((await berthAudit('export', '--format', 'csv')).out.split('\r\n')).toHaveLength(7)
  })

  it.each([
    ['verify', '--from', '0'],
    ['verify', '--expect', 'x'],
    ['verify', '--from', '9'],
    ['list', '--from', 'yesterday'],
    ['list', '--limit', '-1'],
    ['list', '--outcome', 'good'],
    ['export', '--format', 'xml'],
  ])('refuses %s %s %s', async (...line) => {
    const { failed, err } = await berthAudit(...line)
    expect(failed).toBe(true)
    expect(err).not.toBe('')
  })

  it('says when there is no such file', async () => {
    const { failed, err } = await berthAudit('verify', '--file', join(folder, 'none'))
    expect(failed).toBe(true)
    expect(err).toContain('cannot be read')
  })
})
