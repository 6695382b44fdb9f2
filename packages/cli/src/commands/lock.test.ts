import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Berth, startBerth } from '../../../../test/tools/berth.ts'
import type { LockComparison } from '../lock/compare-locks.ts'
import { type LockFile, recordBuild, writeLockFile, readLockFile } from '../lock/lock-file.ts'
import type { Drift } from '../lock/drift.ts'
import { awkwardFiles, repositories, writeFiles } from '../lock/testing/awkward-repository.ts'
import type { Problem } from '../lock/verify.ts'
import { makeHome } from '../testing/logged-in.ts'
import { ImagePusher, type Pushed } from '../testing/push-images.ts'
import { type CommandRun, runCommand } from '../testing/run-command.ts'

let berth: Berth
let home: Awaited<ReturnType<typeof makeHome>>
const folders: string[] = []

beforeAll(async () => {
  berth = await startBerth()
  home = await makeHome({ [berth.host]: berth })
  const numbers = Array.from({ length: 10 }, (_, at) => at)
  await Promise.all(
    repositories.map((repository) =>
      pushing(repository, (pusher) => {
        const push = repository === 'web' ? pushIndex : pushImage
        return Promise.all(numbers.map((n) => push(pusher, `${repository} ${n}`, `${n}`)))
      }),
    ),
  )
  await pushing('syntax', (pusher) => pushImage(pusher, 'syntax', '1'))
  await pushing('chart', (pusher) =>
    pusher.image(
      { configMediaType: 'application/vnd.cncf.helm.config.v1+json', layers: ['chart'] },
      ['1.2.3'],
    ),
  )
}, 180_000)

afterAll(async () => {
  await berth.stop()
  await home.remove()
  await Promise.all(folders.map((each) => rm(each, { recursive: true, force: true })))
})

async function pushing<T>(name: string, push: (pusher: ImagePusher) => Promise<T>): Promise<T> {
  const pusher = new ImagePusher({ ...berth, repository: `acme/${name}` })
  try {
    return await push(pusher)
  } finally {
    pusher.close()
  }
}

const digestOf = (text: string) =>
  `sha256:${Buffer.from(text).toString('hex').padEnd(64, '0').slice(0, 64)}`

function pushImage(pusher: ImagePusher, content: string, tag: string): Promise<Pushed> {
  return pusher.image({ config: { os: 'linux', architecture: 'amd64' }, layers: [content] }, [tag])
}

async function pushIndex(
  pusher: ImagePusher,
  content: string,
  tag: string,
  {
    layers = [content],
    annotations,
  }: { layers?: string[]; annotations?: Record<string, string> } = {},
): Promise<Pushed> {
  const children = await Promise.all(
    ['amd64', 'arm64'].map(async (architecture) => ({
      platform: { os: 'linux', architecture },
      image: await pusher.image({
        config: {
          os: 'linux',
          architecture,
          created: '2026-11-01T00:00:00Z',
          rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
        },
        layers,
      }),
    })),
  )
  return pusher.index(children, [tag], annotations)
}

async function newFolder(isCheckout: boolean): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-lock-'))
  folders.push(folder)
  if (isCheckout) git(folder, 'init', '--quiet')
  return folder
}

function git(cwd: string, ...args: string[]): string {
  const identity = [
    '-c',
    'user.name=t',
    '-c',
    'user.email=t@example.com',
    '-c',
    'core.autocrlf=false',
  ]
  return execFileSync('git', [...identity, ...args], { cwd, encoding: 'utf8', stdio: 'pipe' })
}

const lockCommand = (cwd: string, ...args: string[]): Promise<CommandRun> =>
  runCommand(['lock', ...args], { cwd, env: home.env })

async function bytesOf(folder: string): Promise<Map<string, string>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = names.filter((each) => each.isFile() && !each.parentPath.includes('.git'))
  const paths = files.map((each) => join(each.parentPath, each.name)).sort()
  const read = await Promise.all(
    paths.map(async (path) => [path, await readFile(path, 'latin1')] as const),
  )
  return new Map(read.filter(([path]) => !path.endsWith('build-lock.json')))
}

const places = (problems: readonly Problem[], kind: Problem['kind']) =>
  problems
    .filter((each) => each.kind === kind)
    .map((each) => `${each.path}:${each.line} ${each.reference}`)

test('fifty files: found as written down, locked, verified, applied and taken back byte for byte', async () => {
  const folder = await newFolder(true)
  const files = awkwardFiles(berth.host)
  expect(files.length).toBe(50)
  await writeFiles(folder, files)
  // What git ignores, and what is installed, is not looked into.
  await writeFiles(folder, [
    { path: '.gitignore', text: 'ignored/\n', expected: [] },
    { path: 'ignored/Dockerfile', text: 'FROM not:1\n', expected: [] },
    { path: 'node_modules/x/compose.yaml', text: 'services: {a: {image: not:1}}\n', expected: [] },
  ])
  const before = await bytesOf(folder)

  const unlocked = await lockCommand(folder, 'verify', '--json')
  expect(unlocked.code).toBe(9)
  const expected = files.flatMap(({ path, expected: lines }) =>
    lines.map((each) => `${path}:${each}`),
  )
  expect(places(unlocked.json<{ problems: Problem[] }>().problems, 'missing').sort()).toEqual(
    expected.sort(),
  )

  const locked = await lockCommand(folder)
  expect(locked.stderr).toBe('')
  expect(locked.code).toBe(0)
  const lock = await readLockFile(join(folder, 'build-lock.json'))
  expect(Object.keys(lock.images)).toEqual(
    [...new Set(expected.map((each) => each.slice(each.indexOf(' ') + 1)))].sort(),
  )
  expect(lock.images[`${berth.host}/acme/web:3`]).toMatchObject({
    mediaType: 'application/vnd.oci.image.index.v1+json',
    created: '2026-11-01T00:00:00.000Z',
    platforms: [{ platform: 'linux/amd64' }, { platform: 'linux/arm64' }],
    usedIn: [
      'deploy/overlay-3/kustomization.yaml',
      'deploy/s3.yaml',
      'chart/values-3.yaml',
      'services/s3/Containerfile',
      'services/s3/stack.yml',
    ].sort(),
  })

  const plan = await lockCommand(folder, 'apply', '--check')
  expect(plan.code).toBe(9)
  expect(await bytesOf(folder)).toEqual(before)
  await writeFile(join(home.folder, 'plan.diff'), plan.stdout)
  git(folder, 'apply', '--check', '--whitespace=nowarn', join(home.folder, 'plan.diff'))

  const refused = await lockCommand(folder, 'apply')
  expect(refused.code).toBe(2)
  expect(await bytesOf(folder)).toEqual(before)

  const applied = await lockCommand(folder, 'apply', '--yes')
  expect(applied.code).toBe(0)
  const stays = applied.stderr.split('\n').filter((line) => line.includes('stays'))
  expect(stays.map((line) => line.slice(0, line.indexOf(': '))).sort()).toEqual(
    [
      'chart/Chart.yaml:6:14',
      'tools/Dockerfile:3:6',
      'tools/Dockerfile:4:6',
      ...Array.from({ length: 10 }, (_, n) => `deploy/s${n}.yaml:42:22`),
    ].sort(),
  )
  const after = await bytesOf(folder)
  for (const [path, text] of after) {
    expect(text).not.toMatch(/acme\/not:\d@/)
    if (
      path.endsWith('.gitignore') ||
      path.includes('ignored') ||
      path.includes('node_modules') ||
      path.endsWith('Chart.yaml')
    )
      continue
    expect(text, path).not.toBe(before.get(path))
    const bare = text
      .replaceAll(/@sha256:[0-9a-f]{64}/g, '')
      .replaceAll(/(?:\r?\n +|, )digest: sha256:[0-9a-f]{64}/g, (whole) =>
        path.includes('kustomization') ? '' : whole,
      )
      .replaceAll(/ ?sha256:[0-9a-f]{64}/g, '')
    expect(bare, path).toBe(before.get(path))
  }
  // The same by git's own hand.
  git(folder, 'apply', '-R', '--check', '--whitespace=nowarn', join(home.folder, 'plan.diff'))

  const again = await lockCommand(folder, 'apply', '--yes', '--json')
  expect(again.json()).toMatchObject({ written: false, files: [] })
  expect(await bytesOf(folder)).toEqual(after)
  const relocked = await lockCommand(folder, '--json')
  expect(relocked.json()).toMatchObject({
    added: [],
    moved: [],
    removed: [],
    failed: [],
    divided: [],
  })
  expect(await readLockFile(join(folder, 'build-lock.json'))).toEqual(lock)

  for (const flags of [[], ['--pinned'], ['--strict', '--pinned', '--online']]) {
    const verified = await lockCommand(folder, 'verify', ...flags)
    expect(verified.stdout).toContain('holds: ')
    expect(verified.code).toBe(0)
  }

  const undone = await lockCommand(folder, 'apply', '--undo', '--yes')
  expect(undone.code).toBe(0)
  expect(await bytesOf(folder)).toEqual(before)
  expect((await lockCommand(folder, 'verify', '--pinned')).code).toBe(9)
}, 120_000)

test('a tag that moves is found by verify --online and diff, taken in by --update, and written by apply', async () => {
  const folder = await newFolder(true)
  const reference = `${berth.host}/acme/moving:1`
  const first = await pushing('moving', (pusher) => pushIndex(pusher, 'one', '1'))
  await writeFile(
    join(folder, 'Dockerfile'),
    `FROM ${reference}\nFROM ${berth.host}/acme/base:0\nFROM ${berth.host}/acme/moving\n`,
  )
  await pushing('moving', (pusher) => pushIndex(pusher, 'one', 'latest'))
  await lockCommand(folder)
  git(folder, 'add', '.')
  git(folder, 'commit', '--quiet', '-m', 'lock')
  await lockCommand(folder, 'apply', '--yes')
  expect(await readFile(join(folder, 'Dockerfile'), 'utf8')).toContain(
    `/acme/moving@${first.digest}\n`,
  )
  expect((await lockCommand(folder, 'verify', '--online', '--pinned')).code).toBe(0)
  expect((await lockCommand(folder, 'diff')).stdout).toBe('No difference.\n')

  const second = await pushing('moving', async (pusher) => {
    const image = await pusher.image({
      config: { os: 'linux', architecture: 'riscv64', created: '2026-11-02T00:00:00Z' },
      layers: ['two'],
    })
    return pusher.index([{ image, platform: { os: 'linux', architecture: 'riscv64' } }], ['1'])
  })
  const online = await lockCommand(folder, 'verify', '--online', '--json')
  expect(online.code).toBe(9)
  expect(online.json<{ problems: Problem[] }>().problems).toMatchObject([
    { kind: 'moved', reference, locked: first.digest, found: second.digest },
  ])
  expect((await lockCommand(folder, 'verify', '--online', '--allow-moved')).code).toBe(0)
  const diff = await lockCommand(folder, 'diff', '--json')
  expect(diff.code).toBe(9)
  expect(diff.json<LockComparison>()).toMatchObject({
    added: [],
    removed: [],
    moved: [
      {
        reference,
        from: { digest: first.digest, created: '2026-11-01T00:00:00.000Z' },
        to: { digest: second.digest, created: '2026-11-02T00:00:00.000Z' },
        platformsAdded: ['linux/riscv64'],
        platformsRemoved: ['linux/amd64', 'linux/arm64'],
      },
    ],
  })

  expect((await lockCommand(folder, '--json')).json()).toMatchObject({ moved: [] })
  expect((await lockCommand(folder, '--update', 'acme/base', '--json')).json()).toMatchObject({
    moved: [],
  })
  const none = await lockCommand(folder, '--update', 'acme/bases')
  expect(none.stderr).toContain('No image is meant by --update acme/bases')
  const updated = await lockCommand(folder, '--update', '--json')
  expect(updated.json()).toMatchObject({
    moved: [{ reference, from: first.digest, to: second.digest }],
  })
  const stale = await lockCommand(folder, 'verify', '--format', 'github')
  expect(stale.code).toBe(9)
  expect(stale.stdout).toMatch(
    /^::error file=Dockerfile,line=1,col=6,title=berth lock%3A differs::.*is pinned to sha256/,
  )
  await lockCommand(folder, 'apply', '--yes')
  expect((await lockCommand(folder, 'verify', '--online')).code).toBe(0)
  await writeFile(join(folder, 'job.yaml'), `apiVersion: v1\nkind: Pod\nimage: x\n`)
  const part = await lockCommand(folder, '--include', '*.yaml', '--json')
  expect(part.json()).toMatchObject({ images: 3, removed: [] })
  const since = await lockCommand(folder, 'diff', 'HEAD', '--json')
  expect(since.json<LockComparison>().moved.map((each) => each.to.digest)).toEqual([second.digest])
  expect((await lockCommand(folder, 'diff', 'HEAD', 'HEAD:build-lock.json')).code).toBe(0)
  expect((await lockCommand(folder, 'diff', 'nothing')).code).toBe(3)
})

test('what cannot be resolved is told, keeps the others, and has its exit code; what a file pins counts', async () => {
  const folder = await newFolder(false)
  const pinned = await pushing('pinned', (pusher) => pushIndex(pusher, 'old', '1'))
  await pushing('pinned', (pusher) => pushIndex(pusher, 'new', '1'))
  const other = `sha256:${'e'.repeat(64)}`
  await writeFile(
    join(folder, 'compose.yaml'),
    `services:
  a: {image: "${berth.host}/acme/none:1"}
  b: {image: "${berth.host}/acme/pinned:1@${pinned.digest}"}
  c: {image: "${berth.host}/acme/base:1", command: "\${UNSET}"}
  d: {image: "${berth.host}/acme/base:\${UNSET}"}
`,
  )
  await writeFile(join(folder, 'bad.yaml'), 'apiVersion: v1\nkind: Pod\nspec: {\n')
  const locked = await lockCommand(folder, '--json')
  expect(locked.code).toBe(3)
  expect(locked.json()).toMatchObject({
    failed: [{ reference: `${berth.host}/acme/none:1`, place: 'compose.yaml:2', kind: 'notFound' }],
    unresolved: [{ path: 'compose.yaml', line: 5, reason: 'UNSET has no value in the files' }],
    skipped: [{ path: 'bad.yaml' }],
    added: [`${berth.host}/acme/base:1`, `${berth.host}/acme/pinned:1`],
  })
  const lock = await readLockFile(join(folder, 'build-lock.json'))
  expect(lock.images[`${berth.host}/acme/pinned:1`]?.digest).toBe(pinned.digest)

  const gone: LockFile = {
    ...lock,
    images: {
      ...lock.images,
      [`${berth.host}/acme/base:2`]: {
        ...lock.images[`${berth.host}/acme/base:1`]!,
        digest: other as never,
        usedIn: [],
      },
    },
  }
  await writeLockFile(join(folder, 'build-lock.json'), gone)
  const verified = await lockCommand(folder, 'verify', '--online', '--json')
  const kinds = verified
    .json<{ problems: Problem[] }>()
    .problems.map((each) => `${each.level} ${each.kind} ${each.reference ?? each.path}`)
  expect(kinds).toEqual([
    `error missing ${berth.host}/acme/none:1`,
    `notice unresolved ${berth.host}/acme/base:\${UNSET}`,
    'notice unreadable bad.yaml',
    `notice unused ${berth.host}/acme/base:2`,
    `error gone ${berth.host}/acme/base:2`,
    `error moved ${berth.host}/acme/base:2`,
    `error moved ${berth.host}/acme/pinned:1`,
  ])
  expect((await lockCommand(folder, 'verify', '--exclude', '*.yaml')).code).toBe(0)
  expect((await lockCommand(folder, 'verify', 'nowhere')).code).toBe(3)
})

test('an image for GPU and its twin for CPU on different bases: the drift is named', async () => {
  const folder = await newFolder(false)
  const one = await pushing('python', (pusher) =>
    pushIndex(pusher, 'python one', '3.12', { layers: ['os 1', 'python 1'] }),
  )
  const gpu = await pushing('api-gpu', (pusher) =>
    pushIndex(pusher, 'gpu', '1.4', { layers: ['os 1', 'python 1', 'cuda'] }),
  )
  const base = { 'org.opencontainers.image.base.name': `${berth.host}/acme/python:3.12` }
  const other = `sha256:${'b'.repeat(64)}`
  await pushing('api-cpu', (pusher) =>
    pushIndex(pusher, 'cpu', '1.4', {
      layers: ['os 2', 'python 2', 'api'],
      annotations: { ...base, 'org.opencontainers.image.base.digest': other },
    }),
  )
  await writeFile(join(folder, 'Dockerfile'), `FROM ${berth.host}/acme/python:3.12\n`)
  await writeFile(
    join(folder, 'compose.yaml'),
    `services:\n  gpu: {image: "${berth.host}/acme/api-gpu:1.4"}\n  cpu: {image: "${berth.host}/acme/api-cpu:1.4"}\n`,
  )
  await lockCommand(folder)
  const drifted = await lockCommand(folder, 'drift', '--json')
  expect(drifted.code).toBe(9)
  const [pair] = drifted.json<{ pairs: Drift[] }>().pairs
  expect(pair?.state).toBe('drift')
  expect(pair?.message).toBe(
    `${berth.host}/acme/api-gpu:1.4 is built on ${berth.host}/acme/python:3.12@${one.digest}, ${berth.host}/acme/api-cpu:1.4 on ${berth.host}/acme/python:3.12@${other}.`,
  )
  expect((await lockCommand(folder, 'verify')).code).toBe(9)

  await pushing('api-cpu', (pusher) =>
    pushIndex(pusher, 'cpu', '1.4', { layers: ['os 1', 'python 1', 'api'] }),
  )
  await lockCommand(folder, '--update')
  const same = await lockCommand(folder, 'drift', '--json')
  expect(same.json<{ pairs: Drift[] }>().pairs).toMatchObject([{ state: 'same', shared: 2 }])
  expect(same.code).toBe(0)

  // Services that were built, paired by berth.yaml: their layers are read from where they were pushed.
  const alone = await pushing('trainer', (pusher) =>
    pushIndex(pusher, 'alone', '1', { layers: ['other'] }),
  )
  await writeFile(join(folder, 'berth.yaml'), 'pairs: [[serving, training]]\n')
  const path = join(folder, 'build-lock.json')
  const built = { tags: ['1'], revision: undefined, builtAt: new Date() }
  const lock = recordBuild(
    recordBuild(await readLockFile(path), {
      ...built,
      service: 'serving',
      image: `${berth.host}/acme/api-gpu`,
      digest: gpu.digest,
    }),
    { ...built, service: 'training', image: `${berth.host}/acme/trainer`, digest: alone.digest },
  )
  await writeLockFile(path, lock)
  await lockCommand(folder)
  const declared = await lockCommand(folder, 'drift')
  expect(declared.code).toBe(9)
  expect(declared.stdout).toContain('drift (linux/amd64): serving (')
})
