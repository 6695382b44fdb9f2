import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Berth, startBerth } from '../../../../test/tools/berth.ts'
import type { PruneReport } from '../prune/prune-report.ts'
import { makeHome } from '../testing/logged-in.ts'
import { ImagePusher, type Pushed } from '../testing/push-images.ts'
import { type CommandRun, runCommand } from '../testing/run-command.ts'

let berth: Berth
let home: Awaited<ReturnType<typeof makeHome>>
const pushers: ImagePusher[] = []

const run = (argv: readonly string[], cwd = '/'): Promise<CommandRun> =>
  runCommand(argv, { env: home.env, cwd })

beforeAll(async () => {
  berth = await startBerth()
  home = await makeHome({ [berth.host]: berth })
})

afterAll(async () => {
  for (const pusher of pushers) pusher.close()
  await berth.stop()
  await home.remove()
})

/** `index` of two platforms with an SBOM and a cosign signature, and plain images under tags. */
async function fill(
  name: string,
): Promise<{ repository: string; index: Pushed; child: Pushed; signature: string }> {
  const pusher = new ImagePusher({ ...berth, repository: name })
  pushers.push(pusher)
  const config = (architecture: string) => ({
    os: 'linux',
    architecture,
    created: '2020-01-01T00:00:00Z',
  })
  const base = 'b'.repeat(5000)
  const child = await pusher.image({ config: config('amd64'), layers: [base, 'amd64'] })
  const arm64 = await pusher.image({ config: config('arm64'), layers: [base, 'arm64'] })
  const index = await pusher.index(
    [
      { image: child, platform: { os: 'linux', architecture: 'amd64' } },
      { image: arm64, platform: { os: 'linux', architecture: 'arm64' } },
    ],
    ['1.0.0', 'latest'],
  )
  const signature = `${index.digest.replace(':', '-')}.sig`
  await pusher.image({ subject: index, artifactType: 'application/spdx+json', layers: ['{}'] })
  await pusher.image({ layers: ['signature'] }, [signature])
  for (const tag of ['pr-1', 'pr-2', '1.1.0-rc.1']) {
    await pusher.image({ config: config('amd64'), layers: [base, `only ${tag}`] }, [tag])
  }
  return { repository: `${berth.host}/${name}`, index, child, signature }
}

const tagsOf = async (repository: string): Promise<string[]> =>
  (await run(['tags', 'list', repository, '--names', '--limit', 'all'])).stdout
    .split('\n')
    .filter((tag) => tag !== '')

const removed = ({ repositories }: PruneReport): string[] =>
  repositories.flatMap(({ remove }) => remove.map(({ tags }) => tags.join(' ')))

describe('berth prune', () => {
  test('a dry run shows what goes and why, and does nothing', async () => {
    const { repository } = await fill('acme/dry')
    const before = await tagsOf(repository)
    const plan = await run([
      'prune',
      repository,
      '--match',
      'pr-*',
      '--older-than',
      '0d',
      '--dry-run',
      '--kept',
    ])
    expect(plan.code).toBe(0)
    expect(plan.stdout).toMatch(/2 of 8 images go, with 2 tags/)
    expect(plan.stdout).toMatch(/pr-1 .*pushed just now/)
    expect(plan.stdout).toContain('tag 1.0.0 is not among --match')
    expect(await tagsOf(repository)).toEqual(before)
  })

  test('pushed a moment ago is young, whatever the config says', async () => {
    const { repository } = await fill('acme/young')
    const { stdout } = await run(['prune', repository])
    expect(stdout).toContain('nothing goes, 8 images stay')
  })

  test('without a terminal it needs --yes, and says so', async () => {
    const { repository } = await fill('acme/ask')
    const { code, stderr } = await run(['prune', repository, '--older-than', '0d'])
    expect(code).toBe(2)
    expect(stderr).toContain('--yes')
    expect(await tagsOf(repository)).toHaveLength(6)
  })

  test('deletes what the rules say with all that belongs to it, and a second run finds nothing', async () => {
    const { repository, index, signature } = await fill('acme/do')
    const rules = ['--older-than', '0d', '--keep', '1.1.0-*', '--untagged']
    const done = await run(['--json', 'prune', repository, ...rules, '--yes'])
    expect(done.code).toBe(0)
    const report = done.json<PruneReport>()
    expect(removed(report).sort()).toEqual(
      ['', '', '', '1.0.0 latest', 'pr-1', 'pr-2', signature].sort(),
    )
    expect(
      report.repositories[0]?.remove.every(
        ({ outcome }) => outcome === 'deleted' || outcome === 'gone',
      ),
    ).toBe(true)
    // The base is needed by what stays.
    expect(report.repositories[0]?.isFreedExact).toBe(true)
    expect(report.repositories[0]?.freedBytes).toBeLessThan(5000)
    expect(await tagsOf(repository)).toEqual(['1.1.0-rc.1'])
    expect((await run(['inspect', `${repository}@${index.digest}`])).code).toBe(3)
    const again = await run(['prune', repository, ...rules, '--yes'])
    expect(again).toMatchObject({ code: 0 })
    expect(again.stdout).toContain('nothing goes')
  })

  test('a child that is tagged and old stays with its index, a lock file holds what it names', async () => {
    const { repository, index, child } = await fill('acme/held')
    await run(['tags', 'add', `${repository}@${child.digest}`, 'amd64-only'])
    const lock = {
      version: 1,
      images: {
        [`${repository}:pr-2`]: {
          digest: `sha256:${'0'.repeat(64)}`,
          mediaType: 'x',
          platforms: [],
          usedIn: [],
        },
      },
      services: {
        api: {
          image: repository,
          digest: index.digest,
          tags: [],
          revision: null,
          builtAt: '2026-01-01T00:00:00Z',
          platforms: [],
        },
      },
    }
    await writeFile(join(home.folder, 'build-lock.json'), JSON.stringify(lock))
    const plan = await run(
      ['--json', 'prune', repository, '--older-than', '0d', '--dry-run'],
      home.folder,
    )
    const report = plan.json<PruneReport>()
    expect(removed(report).sort()).toEqual(['1.1.0-rc.1', 'pr-1'])
    const reasons = new Map(
      report.repositories[0]?.keep.map(({ tags, reason }) => [tags[0], reason]),
    )
    expect(reasons.get('amd64-only')).toContain('part of 1.0.0')
    expect(reasons.get('1.0.0')).toBe('pinned by build-lock.json')
    expect(reasons.get('pr-2')).toBe('pinned by build-lock.json')
    expect((await run(['prune', repository, '--lock', 'nowhere.json', '--dry-run'])).code).toBe(3)
  })

  test('globs name several repositories', async () => {
    await Promise.all([fill('team/a'), fill('team/b'), fill('team/deep/c')])
    const one = await run([
      '--json',
      'prune',
      `${berth.host}/team/*`,
      '--older-than',
      '0d',
      '--dry-run',
    ])
    const names = one.json<PruneReport>().repositories.map(({ repository }) => repository)
    expect(names.sort()).toEqual([`${berth.host}/team/a`, `${berth.host}/team/b`])
    const listed = await run(['repositories', `${berth.host}/team/**`])
    expect(
      listed.stdout
        .split('\n')
        .filter((line) => line !== '')
        .sort(),
    ).toEqual(['a', 'b', 'deep/c'].map((each) => `${berth.host}/team/${each}`))
    expect((await run(['prune', `${berth.host}/nobody/*`])).code).toBe(3)
  })

  test('an immutable tag is a failure that is told, and the others go', async () => {
    const { repository } = await fill('fixed/api')
    const authorization = `Basic ${Buffer.from(`${berth.username}:${berth.password}`).toString('base64')}`
    const answer = await fetch(`${berth.origin}/api/v1/system/immutability-rules`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ effect: 'immutable', repositories: 'fixed/**', tags: 'pr-1' }),
    })
    expect(answer.status).toBe(201)
    const done = await run([
      '--json',
      'prune',
      repository,
      '--match',
      'pr-*',
      '--older-than',
      '0d',
      '--yes',
    ])
    expect(done.code).toBe(5)
    const outcomes = new Map(
      done
        .json<PruneReport>()
        .repositories[0]?.remove.map(({ tags, outcome, fault }) => [tags[0], { outcome, fault }]),
    )
    expect(outcomes.get('pr-1')).toMatchObject({ outcome: 'failed' })
    expect(outcomes.get('pr-1')?.fault).toContain('immutable')
    expect(outcomes.get('pr-2')).toMatchObject({ outcome: 'deleted' })
    expect(await tagsOf(repository)).toContain('pr-1')
  })

  test('a rule on pull dates is refused where nobody tells them', async () => {
    const { repository } = await fill('acme/pulled')
    const { code } = await run(['prune', repository, '--keep-pulled-within', '30d', '--dry-run'])
    expect(code).toBe(12)
  })

  test.each([
    [['--older-than', 'soon']],
    [['--keep-last', '-1']],
    [['--unknown-age', 'maybe']],
    [['--match', '[']],
  ])('%j is a fault of usage', async (options) => {
    expect((await run(['prune', `${berth.host}/acme/dry`, ...options])).code).toBe(2)
  })
})

describe('berth delete', () => {
  test('shows first, then takes the image with its tags, children and signatures', async () => {
    const { repository, index, child } = await fill('acme/gone')
    const plan = await run(['delete', `${repository}:latest`, '--dry-run'])
    expect(plan.stdout).toContain('5 manifests would go')
    expect(plan.stdout).toContain('latest')
    expect((await run(['delete', `${repository}:latest`])).code).toBe(2)
    expect(await tagsOf(repository)).toHaveLength(6)
    const done = await run(['delete', `${repository}:latest`, '--yes'])
    expect(done).toMatchObject({ code: 0 })
    expect(done.stdout).toContain('Deleted 5 manifests.')
    expect((await tagsOf(repository)).sort()).toEqual(['1.1.0-rc.1', 'pr-1', 'pr-2'])
    for (const { digest } of [index, child]) {
      expect((await run(['inspect', `${repository}@${digest}`])).code).toBe(3)
    }
  })

  test('refuses what an index or a lock file needs, unless it is forced', async () => {
    const { repository, child } = await fill('acme/needed')
    const part = await run(['delete', `${repository}@${child.digest}`, '--yes'])
    expect(part.code).toBe(5)
    expect(part.stderr).toContain('part of the index 1.0.0')
    expect((await run(['inspect', `${repository}@${child.digest}`])).code).toBe(0)
    const lock = {
      version: 1,
      images: {
        [`${repository}:pr-1`]: {
          digest: `sha256:${'0'.repeat(64)}`,
          mediaType: 'x',
          platforms: [],
          usedIn: [],
        },
      },
      services: {},
    }
    await writeFile(join(home.folder, 'other-lock.json'), JSON.stringify(lock))
    const lockFile = join(home.folder, 'other-lock.json')
    const pinned = await run(['delete', `${repository}:pr-1`, '--lock', lockFile, '--yes'])
    expect(pinned.code).toBe(5)
    expect(pinned.stderr).toContain('--force')
    expect(
      (await run(['delete', `${repository}:pr-1`, '--lock', lockFile, '--yes', '--force'])).code,
    ).toBe(0)
    expect(await tagsOf(repository)).not.toContain('pr-1')
  })

  test('nothing is guessed: a repository alone is no image, and what is not there is not found', async () => {
    const { repository } = await fill('acme/guess')
    expect((await run(['delete', repository, '--yes'])).code).toBe(2)
    expect((await run(['delete', `${repository}:none`, '--yes'])).code).toBe(3)
    expect(await tagsOf(repository)).toHaveLength(6)
  })
})
