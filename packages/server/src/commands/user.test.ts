import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { hash as hashBcrypt } from '@node-rs/bcrypt'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openAccess } from '../access/open.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
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
    await test.database.transaction((tx) => tx.deleteFrom('users').execute())
    const { users } = await open()
    await users.createUser({ name: 'root', password, role: 'admin' })
  })

  const open = async () => {
    const options = {
      anonymousRole: 'none',
      tokenLifetimeSeconds: 300,
      refreshTokenLifetimeDays: 90,
    } as const
    const access = await openAccess({ database: test.database, options })
    return {
      ...access,
      close: () => {
        closed += 1
        return Promise.resolve()
      },
    }
  }

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
    const { authenticator } = await open()
    const header = `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`
    return authenticator.authenticate(header).then(
      () => true,
      () => false,
    )
  }

  it('adds a user with a password from standard input and closes the database', async () => {
    const { code, out } = await berthUser(
      ['add', 'alice', '--role', 'writer', '--password-stdin'],
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
    expect((await (await open()).users.listUsers()).map(({ name }) => name)).toEqual(['root'])
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
      /^NAME +ROLE +STATE +CREATED\nalice +reader +disabled +\S+\nroot +admin +enabled +\S+\n$/,
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
    await berthUser(['role', 'alice', 'writer'])
    expect(JSON.parse((await berthUser(['list', '--json'])).out)).toMatchObject({
      users: [{ role: 'writer' }, {}],
    })
    await berthUser(['password', 'alice', '--password-stdin'], {
      stdin: 'another horse battery\r\n',
    })
    expect(await canLogIn('alice', 'another horse battery')).toBe(true)
    await berthUser(['disable', 'alice'])
    expect(await canLogIn('alice', 'another horse battery')).toBe(false)
    await berthUser(['enable', 'alice'])
    expect(await canLogIn('alice', 'another horse battery')).toBe(true)
    const { tokens } = await open()
    const credentials = { name: 'alice', password: 'another horse battery' }
    await tokens.issue({ credentials, scopes: [], offline: true, clientId: 'docker' })
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
    expect((await berthUser(['import', file, '--role', 'writer'])).code).toBe(0)
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
