import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PruneReport } from '../../packages/cli/src/prune/prune-report.ts'
import { ImagePusher, type Pushed } from '../../packages/cli/src/testing/push-images.ts'
import { type CommandRun, runCommand } from '../../packages/cli/src/testing/run-command.ts'
import { freePort, requireTool, type Service, startService } from '../tools/process.ts'

/** The reference registry of Debian: deletes manifests, no tags; has neither referrers nor an interface of its own. */
let service: Service
let folder: string
let host: string
const pushers: ImagePusher[] = []
const run = (...argv: string[]): Promise<CommandRun> =>
  runCommand(argv, { env: { HOME: folder }, cwd: folder })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-prune-'))
  const port = await freePort()
  host = `127.0.0.1:${port}`
  const settings = {
    version: 0.1,
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(folder, 'store') }, delete: { enabled: true } },
    http: { addr: host },
  }
  // JSON is YAML.
  await writeFile(join(folder, 'registry.yaml'), JSON.stringify(settings))
  service = await startService(
    requireTool('docker-registry'),
    ['serve', join(folder, 'registry.yaml')],
    { isReady: async () => (await fetch(`http://${host}/v2/`)).ok },
  )
})

afterAll(async () => {
  for (const pusher of pushers) pusher.close()
  await service.stop()
  await rm(folder, { recursive: true, force: true })
})

async function fill(name: string): Promise<{ repository: string; old: Pushed; index: Pushed }> {
  const pusher = new ImagePusher({ origin: `http://${host}`, repository: name })
  pushers.push(pusher)
  const image = (architecture: string, created: string, tags: string[] = []) =>
    pusher.image(
      {
        config: { os: 'linux', architecture, created },
        layers: ['base', `${architecture} ${created}`],
      },
      tags,
    )
  const old = await image('amd64', '2020-01-01T00:00:00Z', ['old', 'older'])
  const child = await image('arm64', '2020-02-01T00:00:00Z')
  const index = await pusher.index(
    [
      { image: old, platform: { os: 'linux', architecture: 'amd64' } },
      { image: child, platform: { os: 'linux', architecture: 'arm64' } },
    ],
    ['multi'],
  )
  await pusher.image({ layers: ['signature'] }, [`${index.digest.replace(':', '-')}.sig`])
  await image('amd64', new Date().toISOString(), ['new'])
  await image('amd64', '1970-01-01T00:00:00Z', ['reproducible'])
  await image('amd64', '2021-01-01T00:00:00Z', ['single'])
  return { repository: `${host}/${name}`, old, index }
}

const tagsOf = async (repository: string): Promise<string[]> =>
  (await run('tags', 'list', repository, '--names')).stdout
    .split('\n')
    .filter((tag) => tag !== '')
    .sort()

const reasons = (report: PruneReport): Record<string, string> =>
  Object.fromEntries(
    report.repositories.flatMap(({ remove, keep }) =>
      [
        ...remove.map((each) => ['goes', each] as const),
        ...keep.map((each) => ['stays', each] as const),
      ].map(([action, { tags, reason }]) => [tags[0] ?? '-', `${action}: ${reason}`]),
    ),
  )

describe('a registry that knows the protocol alone', () => {
  test('ages are those of the configs, and what tells none stays', async () => {
    const { repository } = await fill('acme/plain')
    const plan = await run('--json', 'prune', repository, '--keep', 'multi', '--dry-run')
    expect(plan.code).toBe(0)
    expect(reasons(plan.json<PruneReport>())).toMatchObject({
      old: expect.stringContaining('stays: part of multi'),
      new: expect.stringContaining('too young'),
      reproducible: 'stays: its age is not known',
      single: expect.stringContaining('goes: created'),
    })
    const untagged = await run('prune', repository, '--untagged', '--dry-run')
    expect(untagged.stdout).toContain('lists no untagged manifests')
  })

  test('deletes by digest, index before children, with the signature under its tag', async () => {
    const { repository, index, old } = await fill('acme/real')
    const done = await run('--json', 'prune', repository, '--yes')
    expect(done.code).toBe(0)
    expect(done.json<PruneReport>().repositories[0]?.remove.map(({ outcome }) => outcome)).toEqual(
      Array.from({ length: 5 }, () => 'deleted'),
    )
    expect(await tagsOf(repository)).toEqual(['new', 'reproducible'])
    for (const { digest } of [index, old])
      expect((await run('inspect', `${repository}@${digest}`)).code).toBe(3)
    expect((await run('prune', repository, '--yes')).stdout).toContain('nothing goes')
  })

  test('tags remove never takes siblings, nor what an index needs, and asks before it takes a manifest', async () => {
    const { repository, old } = await fill('acme/tags')
    const sibling = await run('tags', 'remove', `${repository}:old`, '--yes')
    expect(sibling.code).toBe(12)
    expect(sibling.stderr).toContain('needed by the tag older, the index multi')
    expect(await tagsOf(repository)).toContain('older')
    expect((await run('inspect', `${repository}@${old.digest}`)).code).toBe(0)
    const alone = await run('tags', 'remove', `${repository}:single`)
    expect(alone.code).toBe(2)
    expect(alone.stderr).toContain('--yes')
    expect(await tagsOf(repository)).toContain('single')
    const agreed = await run('tags', 'remove', `${repository}:single`, '--yes')
    expect(agreed).toMatchObject({ code: 0 })
    expect(agreed.stdout).toContain('and its manifest')
    expect(await tagsOf(repository)).not.toContain('single')
  })

  test('delete takes what only the image needs, and leaves a child that has a tag of its own', async () => {
    const { repository, index, old } = await fill('acme/delete')
    const done = await run('delete', `${repository}:multi`, '--yes')
    expect(done.code).toBe(0)
    // The index, its untagged child and its signature.
    expect(done.stdout).toContain('Deleted 3 manifests.')
    expect((await run('inspect', `${repository}@${index.digest}`)).code).toBe(3)
    expect((await run('inspect', `${repository}@${old.digest}`)).code).toBe(0)
    expect(await tagsOf(repository)).toEqual(['new', 'old', 'older', 'reproducible', 'single'])
  })
})
