import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Berth, startBerth } from '../../../../test/tools/berth.ts'
import { makeHome } from '../testing/logged-in.ts'
import { ImagePusher } from '../testing/push-images.ts'
import { type CommandRun, runCommand } from '../testing/run-command.ts'

let berth: Berth
let home: Awaited<ReturnType<typeof makeHome>>
let pusher: ImagePusher
let repository: string
const run = (...argv: string[]): Promise<CommandRun> => runCommand(argv, { env: home.env })

beforeAll(async () => {
  berth = await startBerth()
  home = await makeHome({ [berth.host]: berth })
  repository = `${berth.host}/acme/api`
  pusher = new ImagePusher({ ...berth, repository: 'acme/api' })
  const image = (architecture: string, created: string) => ({
    config: { os: 'linux', architecture, created },
    layers: ['base', `layer of ${architecture} ${created}`],
  })
  const amd64 = await pusher.image(image('amd64', '2026-01-02T00:00:00Z'), ['1.9.0'])
  const arm64 = await pusher.image(image('arm64', '2026-01-02T00:00:00Z'))
  await pusher.index(
    [
      { image: amd64, platform: { os: 'linux', architecture: 'amd64' } },
      { image: arm64, platform: { os: 'linux', architecture: 'arm64' } },
    ],
    ['1.10.0', 'latest'],
  )
  await pusher.image(image('amd64', '1970-01-01T00:00:00Z'), ['reproducible'])
})

afterAll(async () => {
  pusher.close()
  await berth.stop()
  await home.remove()
})

describe('berth tags list', () => {
  test('shows digest, platforms, size and age, the newest version first', async () => {
    const { code, json } = await run('--json', 'tags', 'list', repository)
    expect(code).toBe(0)
    const { total, tags } = json<{ total: number; tags: Record<string, unknown>[] }>()
    expect(total).toBe(4)
    expect(tags.map(({ tag }) => tag)).toEqual(['latest', '1.10.0', '1.9.0', 'reproducible'])
    expect(tags[1]).toMatchObject({
      platforms: ['linux/amd64', 'linux/arm64'],
      created: '2026-01-02T00:00:00.000Z',
    })
    expect(tags[1]?.digest).toBe(tags[0]?.digest)
    expect(tags[1]?.size as number).toBeGreaterThan(tags[2]?.size as number)
    // A date that only stands for "none" is none.
    expect(tags[3]).toMatchObject({ platforms: ['linux/amd64'], created: null })
  })

  test('fits 80 columns and shows what is limited', async () => {
    const { stdout, stderr } = await runCommand(['tags', 'list', repository, '--limit', '2'], {
      env: home.env,
      columns: 80,
    })
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatch(/^TAG +DIGEST +PLATFORMS +SIZE +CREATED +AGE$/)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
    expect(stderr).toContain('The first 2 of 4 tags')
  })

  test('names alone, filtered', async () => {
    const { stdout } = await run('tags', 'list', repository, '--names', '--filter', '1.*')
    expect(stdout).toBe('1.10.0\n1.9.0\n')
  })

  test('an unknown repository is not found', async () => {
    const { code, stderr } = await run('tags', 'list', `${berth.host}/acme/nothing`)
    expect(code).toBe(3)
    expect(stderr).toContain('acme/nothing')
  })

  test('a wrong limit or pattern is a fault of usage', async () => {
    expect((await run('tags', 'list', repository, '--limit', '0')).code).toBe(2)
    expect((await run('tags', 'list', repository, '--filter', '[')).code).toBe(2)
    expect((await run('tags', 'list')).code).toBe(2)
    expect((await run('tags', 'list', `${repository}:tag`)).code).toBe(2)
  })
})

describe('berth tags add and remove', () => {
  test('sets tags on the same bytes and says what was moved', async () => {
    const added = await run(
      '--json',
      'tags',
      'add',
      `${repository}:1.10.0`,
      'stable',
      'latest',
      '1.9',
    )
    expect(added.code).toBe(0)
    expect(added.json().tags).toEqual([
      { tag: 'stable', outcome: 'created', before: null },
      { tag: 'latest', outcome: 'unchanged', before: null },
      { tag: '1.9', outcome: 'created', before: null },
    ])
    const moved = await run('--json', 'tags', 'add', `${repository}:1.9.0`, '1.9')
    expect(moved.json().tags).toEqual([
      { tag: '1.9', outcome: 'moved', before: added.json<{ digest: string }>().digest },
    ])
    const list = await run('--json', 'tags', 'list', repository)
    const byName = new Map(
      list
        .json<{ tags: { tag: string; digest: string }[] }>()
        .tags.map((each) => [each.tag, each.digest]),
    )
    expect(byName.get('stable')).toBe(byName.get('1.10.0'))
    expect(byName.get('1.9')).toBe(byName.get('1.9.0'))
  })

  test('takes away the tag and leaves the manifest with its other tags', async () => {
    const before = await run('--json', 'tags', 'list', repository, '--filter', '1.10.0')
    const { digest } = before.json<{ tags: { digest: string }[] }>().tags[0]!
    const removed = await run('tags', 'remove', `${repository}:stable`)
    expect(removed).toMatchObject({ code: 0, stdout: `${repository}:stable: removed\n` })
    const after = await run('--json', 'tags', 'list', repository)
    const { tags } = after.json<{ tags: { tag: string; digest: string }[] }>()
    expect(tags.map(({ tag }) => tag)).not.toContain('stable')
    expect(tags.find(({ tag }) => tag === '1.10.0')?.digest).toBe(digest)
  })

  test('what is not there is not found, and what went before it is told', async () => {
    await run('tags', 'add', `${repository}:1.9.0`, 'extra')
    const { code, stderr } = await run(
      'tags',
      'remove',
      `${repository}:extra`,
      `${repository}:none`,
    )
    expect(code).toBe(3)
    expect(stderr).toContain(`Removed before that: ${repository}:extra`)
    expect((await run('tags', 'remove', repository)).code).toBe(2)
  })
})
