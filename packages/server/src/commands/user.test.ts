import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { hash as hashBcrypt } from '@node-rs/bcrypt'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Passwords } from '../access/passwords.ts'
import { insertRefreshToken } from '../metadata/refresh-tokens.ts'
import { findUserByName } from '../metadata/users.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { openTestPeople, peopleOf } from '../testing/open-test-people.ts'
import { userCommand } from './user.ts'

const password = 'correct horse battery'

describe.each(testDatabases.slice(0, 1))('berth user on $name', (engine) => {
  let test: TestDatabase
  let folder: string
  let closed: number
  beforeAll(async () => {
    test = await engine.open()
    folder = await mkdtemp(join(tmpdir(), 'berth-user-'))
  })
  afterAll(async () => {
    await test.close()
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    closed = 0
    const { users } = await openTestPeople(test.database)
    await users.createUser({ name: 'root', password, role: 'admin' })
  })

  const open = () =>
    Promise.resolve({
      ...peopleOf(test.database),
      close: () => {
        closed += 1
        return Promise.resolve()
      },
    })

  /** Runs the command with the given input; `typed` answers a terminal's questions one by one. */
  const berthUser = async (line: string[], input: { stdin?: string; typed?: string[] } = {}) => {
    const stdin = Object.assign(new PassThrough(), { isTTY: input.typed !== undefined })
    const written = { out: '', err: '' }
    const collect = (name: 'out' | 'err') =>
      new PassThrough({ encoding: 'utf8' }).on('data', (text: string) => (written[name] += text))
    const [stdout, stderr] = [collect('out'), collect('err')]
    const command = userCommand(open, { stdin, stdout, stderr })
    for (const each of [command, ...command.commands]) {
      each.exitOverride().configureOutput({ writeErr: (text) => void stderr.write(text) })
    }
    if (input.typed === undefined) stdin.end(input.stdin ?? '')
    const run = command.parseAsync(line, { from: 'user' }).then(
      () => 0,
      (error: { exitCode?: number }) => error.exitCode ?? -1,
    )
    for (const answer of input.typed ?? []) {
      await wait(50)
      stdin.write(answer)
    }
    const code = await run
    await wait(5)
    return { code, ...written }
  }
  const canLogIn = async (name: string, secret: string) => {
    const user = await findUserByName(test.database.read, name)
    const matches = await new Passwords().verify(secret, user?.passwordHash)
    return matches && user?.disabledAt === null
  }
  const names = async () => {
    const page = await peopleOf(test.database).users.listUsers({ limit: 10 })
    return page.items.map(({ name }) => name)
  }

  it('adds a user with a password from standard input and closes the database', async () => {
    const { code, out } = await berthUser(
      ['add', 'alice', '--role', 'developer', '--password-stdin'],
      {
        stdin: `${password}\n`,
      },
    )
    expect(code).toBe(0)
    expect(out).not.toContain(password)
    expect(closed).toBe(1)
    expect(await canLogIn('alice', password)).toBe(true)
  })

  it('makes a password and shows it once', async () => {
    const { out } = await berthUser(['add', 'alice', '--generate-password', '--json'])
    const made = /"password":"([^"]+)"/.exec(out)?.[1] ?? ''
    expect(JSON.parse(out)).toEqual({
      user: expect.objectContaining({ name: 'alice', role: 'reader' }),
      password: made,
    })
    expect(await canLogIn('alice', made)).toBe(true)
  })

  it('asks on a terminal twice without showing what is typed', async () => {
    const { code, out, err } = await berthUser(['add', 'alice'], {
      typed: ['correct horze\u007f\u007fse battery\r', `${password}\r`],
    })
    expect(err).toContain('New password: ')
    expect(code).toBe(0)
    expect(out + err).not.toContain('horse')
    expect(await canLogIn('alice', password)).toBe(true)
  })

  it.each([
    ['the two passwords differ', [`${password}\r`, 'another horse battery\r']],
    ['Ctrl-C is typed', ['corr\u0003']],
    ['Ctrl-D is typed', ['\u0004']],
  ])('changes nothing when %s', async (_, typed) => {
    const { code, err } = await berthUser(['add', 'alice'], { typed })
    expect(code).toBe(1)
    expect(err).toContain('error: ')
    expect(await names()).toEqual(['root'])
  })

  it('refuses to take a password from nowhere, or as an argument', async () => {
    expect((await berthUser(['add', 'alice'])).code).toBe(1)
    expect((await berthUser(['add', 'alice', password])).code).toBe(1)
    expect(
      (await berthUser(['add', 'alice', '--password-stdin', '--generate-password'])).code,
    ).toBe(1)
  })

  it('lists users as a table and as JSON', async () => {
    await berthUser(['add', 'alice', '--generate-password'])
    await berthUser(['disable', 'alice'])
    const { out } = await berthUser(['list'])
    expect(out).toMatch(
      /^NAME +ROLE +STATE +SOURCE +CREATED\nalice +reader +disabled +local +\S+\nroot +admin +enabled +local +\S+\n$/,
    )
    const json: unknown = JSON.parse((await berthUser(['list', '--json'])).out)
    expect(json).toMatchObject({
      users: [
        { name: 'alice', role: 'reader' },
        { name: 'root', role: 'admin' },
      ],
    })
  })

  it('changes role and password, disables, enables, signs out and removes', async () => {
    await berthUser(['add', 'alice', '--password-stdin'], { stdin: password })
    await berthUser(['role', 'alice', 'developer'])
    expect(JSON.parse((await berthUser(['list', '--json'])).out)).toMatchObject({
      users: [{ role: 'developer' }, {}],
    })
    await berthUser(['password', 'alice', '--password-stdin'], {
      stdin: 'another horse battery\r\n',
    })
    expect(await canLogIn('alice', 'another horse battery')).toBe(true)
    await berthUser(['disable', 'alice'])
    expect(await canLogIn('alice', 'another horse battery')).toBe(false)
    await berthUser(['enable', 'alice'])
    expect(await canLogIn('alice', 'another horse battery')).toBe(true)
    const alice = await findUserByName(test.database.read, 'alice')
    const at = '2030-01-01T00:00:00.000Z'
    await test.database.transaction((tx) =>
      insertRefreshToken(tx, {
        tokenHash: 'x',
        userId: alice?.id ?? '',
        clientId: 'docker',
        createdAt: at,
        lastUsedAt: at,
        expiresAt: at,
      }),
    )
    expect(JSON.parse((await berthUser(['sign-out', 'alice', '--json'])).out)).toEqual({
      name: 'alice',
      ended: 1,
    })
    expect((await berthUser(['remove', 'alice'])).code).toBe(0)
    expect(await canLogIn('alice', 'another horse battery')).toBe(false)
  })

  it('imports an htpasswd file, or names every faulty line', async () => {
    const file = join(folder, 'htpasswd')
    const hash = await hashBcrypt('old one', { cost: 4, version: '2y' })
    await writeFile(file, `ci:${hash}\nbad:{SHA}x\nworse\n`)
    const faulty = await berthUser(['import', file])
    expect(faulty.code).toBe(1)
    expect(faulty.err).toContain('line 2: ')
    expect(faulty.err).toContain('line 3: ')
    await writeFile(file, `ci:${hash}\n`)
    expect((await berthUser(['import', file, '--role', 'developer'])).code).toBe(0)
    expect(await canLogIn('ci', 'old one')).toBe(true)
    expect((await berthUser(['import', join(folder, 'absent')])).code).toBe(1)
  })

  it('ends with a plain error and exit code 1 when a change is refused', async () => {
    for (const line of [
      ['remove', 'root'],
      ['disable', 'nobody'],
      ['role', 'root', 'king'],
      ['fly'],
    ]) {
      const { code, err, out } = await berthUser(line)
      expect(code).toBe(1)
      expect(err).toMatch(/^error: /)
      expect(err).not.toContain('    at ')
      expect(out).toBe('')
    }
  })
})
