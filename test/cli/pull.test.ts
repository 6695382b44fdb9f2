import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeClient } from '../clients/registry.ts'
import { readLayout, type SmallLayouts, writeSmallLayouts } from '../fixtures/layout.ts'
import { type Berth, startBerth } from '../tools/berth.ts'
import { type Containerd, startContainerd } from '../tools/containerd.ts'
import { type Dockerd, startDockerd } from '../tools/dockerd.ts'
import { type CommandResult, mustRun, requireTool, run } from '../tools/process.ts'

const berthProgram = join(import.meta.dirname, '../../packages/cli/bin/berth')

let berth: Berth
let scratch: string
let env: Record<string, string>
let fixture: SmallLayouts
let image: string

const command = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
  run(berthProgram, args, { env: { ...env, ...more }, cwd: scratch, timeoutSeconds: 120 })

/** Runs berth, and expects it to have done what it was asked for. */
async function done(
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const result = await command(args, more)
  expect(result.status, `berth ${args.join(' ')}\n${result.output}`).toBe(0)
  return result
}

beforeAll(async () => {
  berth = await startBerth()
  scratch = await mkdtemp(join(tmpdir(), 'p-'))
  const auth = Buffer.from(`${berth.username}:${berth.password}`).toString('base64')
  env = { HOME: scratch, DOCKER_CONFIG: join(scratch, 'docker'), BERTH_CONFIG_DIRECTORY: scratch }
  await mustRun('mkdir', ['-p', join(scratch, 'docker')])
  await writeFile(
    join(scratch, 'docker/config.json'),
    JSON.stringify({ auths: { [berth.host]: { auth } } }),
  )
  fixture = await writeSmallLayouts(join(scratch, 'fixture'), 'pull-test')
  image = `${berth.host}/acme/api`
  for (const tag of ['1.0.0', '1.1.0', '1.2.0', '2.0.0-rc.1']) {
    await done(['copy', `oci:${fixture.index.directory}`, `${image}:${tag}`])
  }
}, 120_000)

afterAll(async () => {
  await berth.stop()
  await rm(scratch, { recursive: true, force: true })
})

test('pulls a version by range into a folder that skopeo reads', async () => {
  const args = ['--json', 'pull', image, '--range', '^1.0', '--to', 'oci:out', '--all-platforms']
  const { images } = JSON.parse((await done(args)).stdout)
  expect(images).toMatchObject([{ name: `${image}:1.2.0`, digest: fixture.index.root.digest }])
  const shown = await mustRun(requireTool('skopeo'), ['inspect', '--raw', 'oci:out:1.2.0'], {
    cwd: scratch,
  })
  expect(JSON.parse(shown).manifests).toHaveLength(2)
  const again = JSON.parse((await done(args)).stdout)
  expect(again.images).toMatchObject([{ outcome: 'present', bytes: 0 }])
})

test('a range takes a pre-release only when asked for', async () => {
  const strict = await command(['pull', image, '--range', '>=2.0.0-0 <2.0.0', '--to', 'oci:pre'])
  expect(strict.status, strict.output).toBe(0)
  const none = await command(['pull', image, '--range', '>1.2', '--to', 'oci:pre'])
  expect(none.status).toBe(3)
  expect(none.output).toContain('2.0.0-rc.1')
  await done(['pull', image, '--range', '>1.2', '--prerelease', '--to', 'oci:pre'])
})

test('lists versions, the newest first', async () => {
  const { tags } = JSON.parse((await done(['--json', 'pull', image, '--list'])).stdout)
  expect(tags.map(({ tag }: { tag: string }) => tag)).toEqual([
    '2.0.0-rc.1',
    '1.2.0',
    '1.1.0',
    '1.0.0',
  ])
  expect(tags[0].platforms).toEqual(['linux/amd64', 'linux/arm64'])
})

test('an archive on standard output is nothing but the archive', async () => {
  await mustRun('sh', [
    '-c',
    `cd ${scratch} && HOME=${scratch} DOCKER_CONFIG=${env.DOCKER_CONFIG} ${berthProgram} pull ${image}:1.0.0 --platform linux/arm64 --to docker-archive:- > out.tar`,
  ])
  const tarFile = join(scratch, 'out.tar')
  const listed = await mustRun('tar', ['--list', '--file', tarFile])
  expect(listed).toContain('manifest.json')
  const inspected = await mustRun(requireTool('skopeo'), ['inspect', `docker-archive:${tarFile}`])
  expect(JSON.parse(inspected)).toMatchObject({ Architecture: 'arm64' })
})

test('a lock file decides, whatever the tag points at', async () => {
  const [amd64] = fixture.platforms
  await done(['copy', `oci:${amd64?.directory}`, `${image}:moving`])
  const lock = {
    version: 1,
    services: {},
    images: {
      [`${image}:moving`]: {
        digest: fixture.index.root.digest,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        platforms: [],
        usedIn: [],
      },
    },
  }
  await writeFile(join(scratch, 'build-lock.json'), JSON.stringify(lock))
  const args = ['--json', 'pull', '--lock', 'build-lock.json', '--to', 'oci:locked']
  const { images } = JSON.parse((await done(args)).stdout)
  expect(images).toMatchObject([{ name: `${image}:moving`, digest: fixture.index.root.digest }])
  const unknown = await command(['pull', 'other/image', '--lock', 'build-lock.json'])
  expect(unknown.status).toBe(3)
})

test('an engine that gives up is told by its own words', async () => {
  const folder = join(scratch, 'bin')
  await mkdir(folder)
  const answer = '{"Version":"1","Os":"linux","Arch":"amd64"}'
  const script = `#!/bin/sh
case "$1" in
  version) echo '${answer}' ;;
  load) echo 'no room left in /var/lib' >&2; exit 1 ;;
  *) exit 1 ;;
esac
`
  await writeFile(join(folder, 'docker'), script, { mode: 0o755 })
  const path = `${folder}:${process.env.PATH ?? ''}`
  const failed = await command(['pull', `${image}:1.0.0`, '--to', 'docker'], { PATH: path })
  expect(failed.status, failed.output).toBe(10)
  expect(failed.output).toContain('no room left in /var/lib')
})

describeClient('docker', ['dockerd', 'docker', 'containerd', 'runc', 'unshare'], () => {
  let engine: Dockerd
  beforeAll(async () => {
    engine = await startDockerd()
  }, 90_000)
  afterAll(() => engine.stop())
  const docker = (...args: string[]) => mustRun(requireTool('docker'), args, { env: engine.env })
  const withEngine = () => ({ DOCKER_HOST: engine.env.DOCKER_HOST ?? '' })

  test('the image is in the engine under its name, and its layers are the pushed ones', async () => {
    const args = ['--json', 'pull', `${image}:1.0.0`]
    const { images } = JSON.parse((await done(args, withEngine())).stdout)
    expect(images).toMatchObject([
      { to: 'docker', outcome: 'pulled', manifestDigest: fixture.image.root.digest },
    ])
    const layers = await docker(
      'image',
      'inspect',
      '--format',
      '{{json .RootFS.Layers}}',
      `${image}:1.0.0`,
    )
    expect(JSON.parse(layers)).toEqual(fixture.image.diffIds)
    const again = JSON.parse((await done(args, withEngine())).stdout)
    expect(again.images).toMatchObject([{ outcome: 'present', bytes: 0 }])
  })

  test('--clean keeps the newest, and what a container uses', async () => {
    for (const tag of ['1.0.0', '1.1.0', '1.2.0']) {
      await done(['pull', `${image}:${tag}`, '--to', 'docker'], withEngine())
    }
    const unasked = await done(['--json', 'pull', `${image}:1.2.0`, '--clean', '1'], withEngine())
    expect(JSON.parse(unasked.stdout).removed).toEqual([])
    const kept = await done(
      ['--json', 'pull', `${image}:1.2.0`, '--clean', '1', '--yes'],
      withEngine(),
    )
    expect(JSON.parse(kept.stdout).removed.sort()).toEqual([`${image}:1.0.0`, `${image}:1.1.0`])
    expect(await docker('image', 'ls', '--format', '{{.Tag}}')).toBe('1.2.0\n')
    await done(['pull', `${image}:1.0.0`], withEngine())
    await docker('create', '--name', 'user', `${image}:1.0.0`)
    const used = await done(
      ['--json', 'pull', `${image}:1.2.0`, '--clean', '1', '--yes'],
      withEngine(),
    )
    expect(JSON.parse(used.stdout).removed).toEqual([])
    expect(used.output).toContain('a container uses it')
  })

  test('what docker saves goes back to the registry and gives the same digest each time', async () => {
    await done(['pull', `${image}:1.2.0`], withEngine())
    const first = await done(
      ['--json', 'copy', `docker:${image}:1.2.0`, `${image}:back`],
      withEngine(),
    )
    const second = await done(['--json', 'copy', `docker:${image}:1.2.0`, 'oci:back'], withEngine())
    expect(JSON.parse(second.stdout).digest).toBe(JSON.parse(first.stdout).digest)
    expect((await readLayout(join(scratch, 'back'))).diffIds).toEqual(fixture.image.diffIds)
  })
})

describeClient('podman', ['podman', 'runc'], () => {
  let store: Record<string, string>
  beforeAll(async () => {
    const folder = join(scratch, 's')
    await mustRun('mkdir', ['-p', folder])
    const file = join(folder, 'storage.conf')
    const lines = [
      '[storage]',
      'driver = "vfs"',
      `graphroot = "${folder}/g"`,
      `runroot = "${folder}/r"`,
    ]
    await writeFile(file, lines.join('\n'))
    store = { CONTAINERS_STORAGE_CONF: file }
  })

  test('the image keeps its digest', async () => {
    const { images } = JSON.parse(
      (await done(['--json', 'pull', `${image}:1.0.0`, '--to', 'podman'], store)).stdout,
    )
    expect(images).toMatchObject([{ to: 'podman', outcome: 'pulled' }])
    const inspected = await mustRun(
      requireTool('podman'),
      ['image', 'inspect', '--format', '{{.Digest}}', `${image}:1.0.0`],
      { env: store },
    )
    expect(inspected.trim()).toBe(fixture.image.root.digest)
    await done(['copy', `podman:${image}:1.0.0`, 'oci:from-podman'], store)
    const layout = await readLayout(join(scratch, 'from-podman'))
    expect(layout.diffIds).toEqual(fixture.image.diffIds)
    const cleaned = await done(
      ['--json', 'pull', `${image}:1.1.0`, '--to', 'podman', '--clean', '1', '--yes'],
      store,
    )
    expect(JSON.parse(cleaned.stdout).removed).toEqual([`${image}:1.0.0`])
  })

  test('buildah takes and gives the same image', async () => {
    await done(['copy', `${image}:1.0.0`, `buildah:${image}:buildah`], store)
    await done(['copy', `buildah:${image}:buildah`, 'oci:from-buildah'], store)
    const layout = await readLayout(join(scratch, 'from-buildah'))
    expect(layout.diffIds).toEqual(fixture.image.diffIds)
  })
})

describeClient('containerd', ['containerd', 'ctr'], () => {
  let engine: Containerd
  beforeAll(async () => {
    engine = await startContainerd()
  }, 60_000)
  afterAll(() => engine.stop())

  test('the image keeps its digest, there and back', async () => {
    const args = ['--json', 'pull', `${image}:1.0.0`, '--to', 'containerd']
    const { images } = JSON.parse((await done(args, engine.env)).stdout)
    expect(images).toMatchObject([{ to: 'containerd', outcome: 'pulled' }])
    const listed = await mustRun(requireTool('ctr'), ['images', 'ls'], { env: engine.env })
    expect(listed).toContain(`${image}:1.0.0`)
    expect(listed).toContain(fixture.image.root.digest)
    await done(['copy', `containerd:${image}:1.0.0`, 'oci:from-ctr'], engine.env)
    const layout = await readLayout(join(scratch, 'from-ctr'))
    expect(layout.root.digest).toBe(fixture.image.root.digest)
  })
})
