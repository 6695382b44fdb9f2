import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { hash as hashBcrypt } from '@node-rs/bcrypt'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../log.ts'
import { updateUser } from '../metadata/users.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { openTestSignIn, type TestSignIn } from '../testing/open-test-sign-in.ts'
import { HtpasswdFile } from './htpasswd-file.ts'

type LogLine = { level: string; msg: string; faults?: { line: number; fault: string }[] }

describe.each(testDatabases)('HtpasswdFile on $name', (engine) => {
  describe.skipIf(!engine.available)('with a folder of its own', () => {
    let test: TestDatabase
    let services: TestSignIn
    let folder: string
    let file: string
    let watched: HtpasswdFile
    let lines: LogLine[]
    let onLine: () => void
    let one: string
    let two: string
    beforeAll(async () => {
      test = await engine.open()
      one = await hashBcrypt('password one', { cost: 4, version: '2y' })
      two = await hashBcrypt('password two', { cost: 4, version: '2y' })
    })
    afterAll(async () => {
      await test.close()
    })
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'berth-htpasswd-'))
      file = join(folder, 'htpasswd')
      services = await openTestSignIn(test.database, { now: Date.now })
      lines = []
      onLine = () => undefined
      const stream = new Writable({
        write(chunk, _encoding, done) {
          lines.push(JSON.parse(String(chunk)) as LogLine)
          onLine()
          done()
        },
      })
      const logger = createLogger({ level: 'info', format: 'json' }, stream)
      const { changes } = services
      watched = new HtpasswdFile({ file, role: 'reader', changes, logger, pollMs: 50, restMs: 0 })
    })
    afterEach(async () => {
      await watched.stop()
      await rm(folder, { recursive: true, force: true })
    })

    /** As careful programs write: a new file in the place of the old one. */
    const replace = async (text: string) => {
      await writeFile(`${file}.new`, text)
      await rename(`${file}.new`, file)
    }
    const nextLine = () =>
      new Promise<void>((resolve) => {
        onLine = resolve
      })
    const canLogIn = (name: string, password: string) =>
      services.credentials.check(name, password, '192.0.2.1').then(
        () => true,
        () => false,
      )
    const users = async () => {
      const rows = await test.database.read
        .selectFrom('users')
        .select(['name', 'role', 'source', 'disabled_at'])
        .orderBy('name')
        .execute()
      return rows.map(
        (row) =>
          `${row.name} ${row.role} ${row.source} ${row.disabled_at ? 'disabled' : 'enabled'}`,
      )
    }

    it('makes, changes, disables and enables users as the file says', async () => {
      await replace(`alice:${one}\nbob:${one}\n`)
      await watched.poll()
      expect(await users()).toEqual([
        'alice reader htpasswd enabled',
        'bob reader htpasswd enabled',
      ])
      expect(await canLogIn('alice', 'password one')).toBe(true)
      expect(await canLogIn('bob', 'password one')).toBe(true)

      await replace(`alice:${two}\n`)
      await watched.poll()
      expect(await canLogIn('alice', 'password one')).toBe(false)
      expect(await canLogIn('alice', 'password two')).toBe(true)
      expect(await canLogIn('bob', 'password one')).toBe(false)
      expect(await users()).toEqual([
        'alice reader htpasswd enabled',
        'bob reader htpasswd disabled',
      ])

      await replace(`alice:${two}\nbob:${one}\n`)
      await watched.poll()
      expect(await canLogIn('bob', 'password one')).toBe(true)
      expect(
        (await services.audit()).filter(({ action }) => action.startsWith('user.')),
      ).toMatchObject([
        { action: 'user.created', target: 'alice' },
        { action: 'user.created', target: 'bob' },
        { action: 'user.passwordChanged', target: 'alice' },
        { action: 'user.disabled', target: 'bob' },
        { action: 'user.enabled', target: 'bob' },
      ])
      expect(JSON.stringify([lines, await services.audit()])).not.toContain(one)
    })

    it('ends the sessions of whom it disables or gives another password', async () => {
      await replace(`alice:${one}\nbob:${one}\n`)
      await watched.poll()
      const signIn = async (name: string) => {
        const { session } = await services.signIn.signIn({
          name,
          password: 'password one',
          code: undefined,
          address: '192.0.2.1',
          userAgent: '',
          secure: false,
          requestId: '',
        })
        return session.cookie.split(';')[0] ?? ''
      }
      const cookies = [await signIn('alice'), await signIn('bob')]
      await replace(`alice:${two}\n`)
      await watched.poll()
      for (const cookie of cookies) {
        expect(await services.sessions.authenticate(cookie)).toBeUndefined()
      }
    })

    it.each([
      ['a faulty line', (good: string) => `alice:${good}\nbob:{SHA}x\n`, 2],
      ['a name twice', (good: string) => `alice:${good}\n\nalice:${good}\n`, 3],
      ['a user who is from elsewhere', (good: string) => `zoe:${good}\nlocal:${good}\n`, 2],
    ])('changes nothing because of %s, and the log names the line', async (_, text, line) => {
      await services.addUser('local')
      await replace(`alice:${one}\n`)
      await watched.poll()
      const before = await users()
      await replace(text(two))
      await watched.poll()
      expect(await users()).toEqual(before)
      expect(await canLogIn('alice', 'password one')).toBe(true)
      expect(lines.at(-1)).toMatchObject({
        level: 'error',
        faults: [{ line, fault: expect.any(String) }],
      })
      // Said once, not at every look.
      const count = lines.length
      await watched.poll()
      expect(lines).toHaveLength(count)
      await replace(`alice:${two}\n`)
      await watched.poll()
      expect(await canLogIn('alice', 'password two')).toBe(true)
    })

    it.each(['', '# nobody\n'])('disables nobody because the file reads %j', async (text) => {
      await replace(`alice:${one}\n`)
      await watched.poll()
      await replace(text)
      await watched.poll()
      expect(await canLogIn('alice', 'password one')).toBe(true)
    })

    it('keeps what was in force when the file goes away, and takes it up when it comes back', async () => {
      await watched.poll()
      expect(lines).toMatchObject([{ level: 'error' }])
      await replace(`alice:${one}\n`)
      await watched.poll()
      await rm(file)
      await watched.poll()
      expect(await canLogIn('alice', 'password one')).toBe(true)
      await replace(`alice:${two}\n`)
      await watched.poll()
      expect(await canLogIn('alice', 'password two')).toBe(true)
    })

    it('leaves disabled whom an administrator disabled, and the role as an administrator set it', async () => {
      await replace(`alice:${one}\nbob:${one}\n`)
      await watched.poll()
      await test.database.transaction(async (tx) => {
        const rows = await tx.selectFrom('users').select(['id', 'name']).execute()
        const idOf = (name: string) => rows.find((row) => row.name === name)?.id ?? ''
        await updateUser(tx, idOf('alice'), { disabledAt: '2030-01-01T00:00:00.000Z' })
        await updateUser(tx, idOf('bob'), { role: 'developer' })
      })
      for (const text of [
        `alice:${two}\nbob:${two}\n`,
        `bob:${two}\n`,
        `alice:${one}\nbob:${one}\n`,
      ]) {
        await replace(text)
        await watched.poll()
      }
      expect(await users()).toEqual([
        'alice reader htpasswd disabled',
        'bob developer htpasswd enabled',
      ])
    })

    it('does not take away the last administrator', async () => {
      await replace(`alice:${one}\nbob:${one}\n`)
      await watched.poll()
      await test.database.transaction((tx) =>
        tx.updateTable('users').set({ role: 'admin' }).where('name', '=', 'alice').execute(),
      )
      await replace(`bob:${one}\n`)
      await watched.poll()
      expect(await canLogIn('alice', 'password one')).toBe(true)
    })

    it('notices by itself a file that is replaced', async () => {
      await replace(`alice:${one}\n`)
      await watched.start()
      expect(await canLogIn('alice', 'password one')).toBe(true)
      const noticed = nextLine()
      await replace(`alice:${two}\n`)
      await noticed
      expect(await canLogIn('alice', 'password two')).toBe(true)
    })

    it('notices by itself a link on the way that is swapped, as Kubernetes does', async () => {
      for (const [version, hash] of [
        ['v1', one],
        ['v2', two],
      ] as const) {
        await mkdir(join(folder, version))
        await writeFile(join(folder, version, 'htpasswd'), `alice:${hash}\n`)
      }
      await symlink('v1', join(folder, '..data'))
      await symlink(join('..data', 'htpasswd'), file)
      await watched.start()
      expect(await canLogIn('alice', 'password one')).toBe(true)
      const noticed = nextLine()
      await symlink('v2', join(folder, '..data_tmp'))
      await rename(join(folder, '..data_tmp'), join(folder, '..data'))
      await noticed
      expect(await canLogIn('alice', 'password two')).toBe(true)
    })
  })
})
