import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeClient } from '../clients/registry.ts'
import { type Berth, startBerth } from '../tools/berth.ts'
import { type Dockerd, startDockerd } from '../tools/dockerd.ts'
import { mustRun, requireTool, run } from '../tools/process.ts'
import { writeBaseImages } from './base-images.ts'
import { berthFile } from './build-project.ts'

const root = join(import.meta.dirname, '../..')
const services = ['hello', 'clock', 'greeter'] as const
/** Builds and copies of whole file systems, beside whatever else keeps the machine busy. */
const timeout = 400_000
const said = {
  hello: /^Hello from a program that was compiled in a build stage\.\n$/,
  clock: /^It is \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.\n$/,
  greeter: /^Good day to you, from Node \d+\.\d+\.\d+\.\n$/,
}

let berth: Berth
let scratch: string
/** What podman calls `runroot` may have 50 characters at most. */
let runRoot: string
/** Of every command: a home of its own, in which there is no engine. */
let env: Record<string, string>

/** The lines of the guide that begin with `$`, for the registry and engine of this test. */
async function guideLines(): Promise<string[]> {
  const text = await readFile(join(root, 'docs/guides/quick-start.md'), 'utf8')
  const typed = text.replaceAll('\\\n', '').matchAll(/^\$ (.*)$/gm)
  return [...typed].map(([, line = '']) => line.replaceAll('127.0.0.1:5000', berth.host))
}

/** Types a line in a shell; throws, with all that was printed, unless it ends well. Gives its stdout. */
async function type(
  line: string,
  cwd: string,
  more: Readonly<Record<string, string>>,
): Promise<string> {
  const script = `npx() { shift; "$BERTH" "$@"; }\n${line}`
  const result = await run('sh', ['-c', script], {
    cwd,
    env: { ...env, ...more },
    timeoutSeconds: 300,
  })
  expect(result.status, `${line}\n${result.output}`).toBe(0)
  return result.stdout
}

/** A copy of the example as a project of its own, whose bases come from the Berth of this test. */
async function openProject(name: string): Promise<string> {
  const folder = join(scratch, name, 'project')
  await cp(join(root, 'examples/quick-start'), folder, { recursive: true })
  const files = ['berth.yaml', ...services.map((service) => `${service}/Dockerfile`)]
  for (const file of files) {
    const text = await readFile(join(folder, file), 'utf8')
    const here = text
      .replaceAll('docker.io/library', `${berth.host}/library`)
      .replaceAll('127.0.0.1:5000', berth.host)
      .replace('repository: quick-start', `repository: ${name}`)
    await writeFile(join(folder, file), here)
  }
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com']
  const git = (...args: string[]): Promise<string> =>
    mustRun('git', ['-C', folder, ...who, ...args], { env })
  await git('init', '--quiet', '--initial-branch=main')
  await git('add', '--all')
  await git('commit', '--quiet', '--message', 'one')
  return folder
}

/** A storage of podman and buildah with nothing in it. */
async function emptyStorage(name: string): Promise<Record<string, string>> {
  const file = join(scratch, `${name}.conf`)
  const [graph, own] = [join(scratch, name), join(runRoot, name)]
  await writeFile(file, `[storage]\ndriver = "vfs"\ngraphroot = "${graph}"\nrunroot = "${own}"\n`)
  return { CONTAINERS_STORAGE_CONF: file, BUILDAH_ISOLATION: 'chroot' }
}

/** Where images are built, an engine that is empty, and how an image runs there. */
type Setting = {
  builder: 'docker' | 'podman' | 'buildah'
  building: Readonly<Record<string, string>>
  empty: Readonly<Record<string, string>>
  /** The names of its images, one a line. */
  list: string
  runs: (image: string) => string
}

/** Types the guide from its first line to its last. */
async function follow({ builder, building, empty, list, runs }: Setting): Promise<void> {
  const project = await openProject(`quick-${builder}`)
  const printed = new Map<string, string>()
  for (const line of await guideLines()) {
    const typed = line
      .replaceAll('/quick-start/', `/quick-${builder}/`)
      .replace(/^npx berth build/, `$& --builder ${builder}`)
      .replace(/^npx berth pull/, `$& --to ${builder}`)
      .replace(/^docker run --rm (\S+)$/, (_, image: string) => runs(image))
    const engine = /^npx berth (build|tags plan)/.test(typed) ? building : empty
    if (typed.startsWith('npx berth pull')) expect(await type(list, project, empty)).toBe('')
    printed.set(line.replaceAll(berth.host, '127.0.0.1:5000'), await type(typed, project, engine))
  }
  for (const service of services) {
    expect(printed.get(`docker run --rm 127.0.0.1:5000/quick-start/${service}:1.0.0`)).toMatch(
      said[service],
    )
    const tags = ['--json', 'tags', 'list', `${berth.host}/quick-${builder}/${service}`]
    const listed = JSON.parse(await mustRun(berthFile, tags, { env }))
    expect(listed.tags.map(({ tag }: { tag: string }) => tag).sort()).toEqual(['1.0.0', 'latest'])
  }
  const pulled = await type(list, project, empty)
  for (const service of services) expect(pulled).toContain(`/${service}:1.0.0`)
}

beforeAll(async () => {
  berth = await startBerth()
  scratch = await mkdtemp(join(tmpdir(), 'berth-quick-start-'))
  runRoot = await mkdtemp(join(tmpdir(), 'q-'))
  await mkdir(join(scratch, 'temporary'))
  env = {
    BERTH: berthFile,
    PASSWORD: berth.password,
    HOME: scratch,
    TMPDIR: join(scratch, 'temporary'),
    XDG_RUNTIME_DIR: runRoot,
    DOCKER_CONFIG: join(scratch, '.docker'),
    DOCKER_HOST: `unix://${join(scratch, 'none.sock')}`,
  }
  const login = ['login', berth.host, '-u', berth.username, '--password-stdin']
  await mustRun(berthFile, login, { env, input: berth.password })
  const storage = { ...env, ...(await emptyStorage('bases')) }
  const source = join(root, 'examples/quick-start/hello/hello.c')
  await mkdir(join(scratch, 'roots'))
  for (const { name, root: files } of await writeBaseImages(join(scratch, 'roots'), source)) {
    const archive = join(scratch, 'base.tar')
    await mustRun('tar', ['--create', '--file', archive, '--directory', files, '.'])
    const image = `${berth.host}/library/${name}`
    await mustRun(requireTool('podman'), ['import', '--quiet', archive, image], { env: storage })
    await mustRun(berthFile, ['push', '--from', 'podman', image], { env: storage })
    await rm(archive)
  }
  await rm(join(scratch, 'bases'), { recursive: true, force: true })
}, 240_000)

afterAll(async () => {
  await berth.stop()
  await rm(scratch, { recursive: true, force: true })
  await rm(runRoot, { recursive: true, force: true })
})

test('the guide shows the berth.yaml of the example', async () => {
  const guide = await readFile(join(root, 'docs/guides/quick-start.md'), 'utf8')
  const file = await readFile(join(root, 'examples/quick-start/berth.yaml'), 'utf8')
  expect(guide).toContain(`\`\`\`yaml\n${file.replace(/^#.*\n/, '')}\`\`\``)
})

describeClient('docker', ['dockerd', 'docker', 'containerd', 'runc', 'unshare'], () => {
  const engines: Dockerd[] = []
  beforeAll(async () => {
    for (let count = 0; count < 2; count += 1) engines.push(await startDockerd())
  }, 120_000)
  afterAll(async () => {
    for (const engine of engines) await engine.stop()
  })

  test('the guide holds from its first line to its last', { timeout }, async () => {
    const [building, empty] = engines.map((engine) => ({
      DOCKER_HOST: engine.env.DOCKER_HOST ?? '',
    }))
    await follow({
      builder: 'docker',
      building: building ?? {},
      empty: empty ?? {},
      list: "docker image ls --format '{{.Repository}}:{{.Tag}}'",
      runs: (image) => `docker run --rm --network none ${image}`,
    })
  })
})

describeClient('podman', ['podman', 'runc'], () => {
  test('the guide holds from its first line to its last', { timeout }, async () => {
    // podman raises its limits by default, which not every machine allows.
    const limits = '--ulimit nofile=1024:1024 --ulimit nproc=1024:1024'
    await follow({
      builder: 'podman',
      building: await emptyStorage('podman-builds'),
      empty: await emptyStorage('podman-empty'),
      list: "podman images --format '{{.Repository}}:{{.Tag}}'",
      runs: (image) =>
        `podman --runtime runc --cgroup-manager cgroupfs run --rm --network none ${limits} ${image}`,
    })
  })
})

describeClient('buildah', ['buildah'], () => {
  test('the guide holds from its first line to its last', { timeout }, async () => {
    await follow({
      builder: 'buildah',
      building: await emptyStorage('buildah-builds'),
      empty: await emptyStorage('buildah-empty'),
      list: "buildah images --format '{{.Name}}:{{.Tag}}'",
      // buildah runs what it is told, and not what the image says.
      runs: (image) =>
        [
          `container=$(buildah from --pull=never ${image})`,
          'asked() { buildah inspect --format "{{range .OCIv1.Config.$1}}{{.}} {{end}}" "$container"; }',
          'buildah run "$container" -- $(asked Entrypoint) $(asked Cmd)',
        ].join(' && '),
    })
  })
})
