import { PassThrough } from 'node:stream'
import type { Command } from 'commander'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { openTestPeople, peopleOf } from '../testing/open-test-people.ts'
import { projectCommand } from './project.ts'

const password = 'correct horse battery'

describe.each(testDatabases.slice(0, 1))('berth project on $name', (engine) => {
  let test: TestDatabase
  let closed: number
  beforeAll(async () => {
    test = await engine.open()
  })
  afterAll(async () => {
    await test.close()
  })
  beforeEach(async () => {
    closed = 0
    const { users, groups } = await openTestPeople(test.database)
    await users.createUser({ name: 'ann', password, role: 'none' })
    await groups.createGroup(
      { actor: { kind: 'system', id: 'berth', name: 'test' }, address: '', requestId: '' },
      { name: 'devs' },
    )
  })

  const open = () =>
    Promise.resolve({
      ...peopleOf(test.database),
      close: () => {
        closed += 1
        return Promise.resolve()
      },
    })
  const berthProject = async (...line: string[]) => {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
    const command = projectCommand(open, { stdin, stdout, stderr })
    const prepare = (each: Command) => {
      each.exitOverride().configureOutput({ writeErr: (text) => void stderr.write(text) })
      each.commands.forEach(prepare)
    }
    prepare(command)
    const code = await command.parseAsync(line, { from: 'user' }).then(
      () => 0,
      (error: { exitCode?: number }) => error.exitCode ?? -1,
    )
    const text = (stream: PassThrough) => (stream.read() as Buffer | null)?.toString() ?? ''
    return { code, out: text(stdout), err: text(stderr) }
  }
  const json = async (...line: string[]) =>
    JSON.parse((await berthProject(...line, '--json')).out) as unknown

  it('creates, lists, shows, changes and removes projects, closing the database each time', async () => {
    const created = await berthProject('create', 'acme', '--visibility', 'public')
    expect(created).toEqual({ code: 0, out: 'Project acme created.\n', err: '' })
    await berthProject('create', 'acme/ml', '--allow', '10.0.0.0/8', '2001:db8::/32')
    const { out } = await berthProject('list')
    expect(out).toMatch(/^NAME +VISIBILITY +CREATED\nacme +public +\S+\nacme\/ml +public +\S+\n$/)
    expect(await json('show', 'acme/ml')).toMatchObject({
      project: {
        name: 'acme/ml',
        settings: { allowedAddresses: { own: ['10.0.0.0/8', '2001:db8::/32'] } },
      },
    })
    const set = await berthProject(
      'set',
      'acme/ml',
      '--visibility',
      'private',
      '--allow',
      'inherit',
    )
    expect(set.out).toMatch(/visibility +private\n/)
    expect(set.out).toMatch(/addresses +no limit\n/)
    const inherited = await berthProject('set', 'acme/ml', '--visibility', 'inherit')
    expect(inherited.out).toMatch(/visibility +public +from acme\n/)
    await berthProject('remove', 'acme/ml')
    expect(await json('list')).toMatchObject({ projects: [{ name: 'acme' }] })
    expect(closed).toBe(8)
  })

  it('shows and changes the instance when no project is named', async () => {
    await berthProject('set', '--visibility', 'internal', '--quota-bytes', '1000000')
    const { out } = await berthProject('show')
    expect(out).toMatch(/^NAME +\(the instance\)\nvisibility +internal +from the instance\n/)
    expect(await json('set', '--quota-bytes', 'inherit')).toMatchObject({
      project: { settings: { quotaBytes: { effective: null } } },
    })
  })

  it('adds, lists and removes members', async () => {
    await berthProject('create', 'acme')
    await berthProject('create', 'acme/ml')
    await berthProject('member', 'add', 'acme', 'ann', 'reader')
    await berthProject('member', 'add', 'acme/ml', 'devs', 'developer', '--group')
    const { out } = await berthProject('member', 'list', 'acme/ml')
    expect(out).toMatch(
      /^KIND +NAME +ROLE +PROJECT\ngroup +devs +developer +acme\/ml\nuser +ann +reader +acme\n$/,
    )
    await berthProject('member', 'remove', 'acme/ml', 'devs', '--group')
    expect(await json('member', 'list', 'acme/ml')).toMatchObject({ members: [{ name: 'ann' }] })
  })

  it('ends with a plain error and exit code 1 when a change is refused', async () => {
    await berthProject('create', 'acme')
    await berthProject('create', 'acme/ml')
    for (const line of [
      ['create', 'Acme'],
      ['create', 'acme'],
      ['remove', 'acme'],
      ['remove', 'missing'],
      ['show', 'missing'],
      ['set', 'acme', '--visibility', 'secret'],
      ['set', 'acme', '--allow', 'nonsense'],
      ['set', 'acme', '--quota-bytes', '5'],
      ['set', '--quota-bytes', 'many'],
      ['set', '--quota-bytes', ''],
      ['member', 'add', 'acme', 'nobody', 'reader'],
      ['member', 'add', 'acme', 'ann', 'auditor'],
      ['member', 'remove', 'acme', 'ann'],
    ]) {
      const { code, err, out } = await berthProject(...line)
      expect([line, code, out]).toEqual([line, 1, ''])
      expect(err).toMatch(/^error: /)
      expect(err).not.toContain('    at ')
    }
  })
})
