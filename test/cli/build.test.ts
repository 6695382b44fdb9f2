import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Berth, startBerth } from '../tools/berth.ts'
import { type Dockerd, startDockerd } from '../tools/dockerd.ts'
import { findTool, requireTool, type Service, startService } from '../tools/process.ts'
import { BuildProject, berthFile, servicesOf } from './build-project.ts'

let berth: Berth
let dockerd: Dockerd
let project: BuildProject
let run = 0
/** Each test has repositories of its own. */
let prefix = ''

beforeAll(async () => {
  berth = await startBerth()
  dockerd = await startDockerd()
}, 120_000)
afterAll(async () => {
  await dockerd.stop()
  await berth.stop()
})
beforeEach(async () => {
  run += 1
  prefix = `build-${run}`
  project = await BuildProject.open(berth, { PREFIX: prefix })
})
afterEach(() => project.close())

/** Manifests, indexes, configurations and lists of tags, with what these tests read of them. */
type Stored = {
  mediaType: string
  config: { digest: string; Labels: Record<string, string> }
  manifests: { digest: string; platform: { architecture: string } }[]
  annotations: Record<string, string>
  tags?: string[]
  os: string
  architecture: string
  rootfs: { diff_ids: string[] }
}

async function get(path: string): Promise<{ status: number; body: Stored }> {
  const authorization = `Basic ${Buffer.from(`admin:${berth.password}`).toString('base64')}`
  const accept =
    'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json'
  const response = await fetch(`${berth.origin}/v2/${path}`, { headers: { authorization, accept } })
  return { status: response.status, body: (await response.json()) as Stored }
}

async function tagsOf(service: string): Promise<string[]> {
  const { body } = await get(`${prefix}/${service}/tags/list`)
  return body.tags ?? []
}

async function configOf(service: string, reference: string): Promise<Stored> {
  const { body } = await get(`${prefix}/${service}/manifests/${reference}`)
  return (await get(`${prefix}/${service}/blobs/${body.config.digest}`)).body
}

const twoServices = {
  'berth.yaml': `registry: \${REGISTRY}
repository: \${PREFIX}
services:
  app:
    context: app
    dependsOn: [base]
  base:
    context: base
    labels: { team: blue }
`,
  'base/Dockerfile': 'FROM scratch\nCOPY tool /tool\nRUN ["/tool"]\nCMD ["/tool"]\n',
  'app/Dockerfile': 'ARG BERTH_BASE_IMAGE\nFROM ${BERTH_BASE_IMAGE}\nCOPY data /data\n',
  'app/data': 'data\n',
}

const one = (dockerfile: string, more = ''): Record<string, string> => ({
  'berth.yaml': `registry: \${REGISTRY}\nrepository: \${PREFIX}\nservices:\n  api:\n    context: api\n    tags: [semver, stable]\n${more}`,
  'api/Dockerfile': dockerfile,
})

/** buildx is no package of Debian 12: it is tested where .tools/bin has it and BuildKit. */
const hasBuildx = ['docker-buildx', 'buildkitd'].every((name) => findTool(name) !== undefined)
const builders = ['buildah', 'podman', 'docker', ...(hasBuildx ? ['buildx'] : [])]

/** A BuildKit of its own, since the one inside of a docker engine without network runs nothing. */
async function startBuildKit(folder: string): Promise<Service & { address: string }> {
  const socket = join(folder, 'buildkitd.sock')
  const address = `unix://${socket}`
  const worker = ['--oci-worker-snapshotter=native', '--oci-worker-net=host']
  const args = ['--addr', address, '--root', join(folder, 'root'), '--containerd-worker=false']
  const service = await startService(requireTool('buildkitd'), [...args, ...worker], {
    isReady: () =>
      stat(socket).then(
        () => true,
        () => false,
      ),
  })
  return { ...service, address }
}

describe.each(builders)('with %s', (builder) => {
  let buildKit: (Service & { address: string }) | undefined
  let folder = ''

  beforeAll(async () => {
    if (builder !== 'buildx') return
    folder = await mkdtemp(join(tmpdir(), 'berth-buildkit-'))
    buildKit = await startBuildKit(folder)
  })
  afterAll(async () => {
    await buildKit?.stop()
    if (folder !== '') await rm(folder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    if (buildKit === undefined) return
    const create = ['buildx', 'create', '--name', 'tested', '--driver', 'remote', '--use']
    await project.tool('docker', [...create, buildKit.address])
  })

  const env = (): Record<string, string> =>
    builder === 'docker' ? { DOCKER_HOST: dockerd.env.DOCKER_HOST ?? '' } : {}

  test('services are built in their order, pushed with their tags, and come from the cache then', async () => {
    await project.write(twoServices, ['base'])
    const revision = await project.commit()
    const built = await project.build(['--builder', builder, '--version', '1.2.3'], env())
    expect(built.base).toMatchObject({
      state: 'pushed',
      tags: ['1.2.3', '1.2', '1', revision.slice(0, 12), 'latest'],
      platforms: [{ platform: 'linux/amd64' }],
    })
    for (const service of ['base', 'app']) {
      expect(await tagsOf(service)).toEqual([...(built[service]?.tags ?? [])].sort())
      const stored = await get(`${prefix}/${service}/manifests/${built[service]?.digest}`)
      expect(stored.status).toBe(200)
    }
    const [base, app] = [await configOf('base', '1.2'), await configOf('app', 'latest')]
    const below = base.rootfs.diff_ids
    expect(app.rootfs.diff_ids.slice(0, below.length)).toEqual(below)
    expect(base.config.Labels).toMatchObject({
      team: 'blue',
      'org.opencontainers.image.title': 'base',
      'org.opencontainers.image.version': '1.2.3',
      'org.opencontainers.image.revision': revision,
      'org.opencontainers.image.ref.name': '1.2.3',
    })
    const again = await project.build(['--builder', builder, '--version', '1.2.3'], env())
    expect(again.base).toMatchObject({ cacheHits: again.base?.steps, digest: built.base?.digest })
    expect(again.app).toMatchObject({ cacheHits: again.app?.steps, digest: built.app?.digest })
  })

  test('a service that fails leaves nothing in the registry, and its last lines are shown', async () => {
    await project.write(
      {
        ...twoServices,
        'berth.yaml': `${twoServices['berth.yaml']}  other:\n    context: base\n`,
        'base/Dockerfile': 'FROM scratch\nCOPY tool /tool\n',
        'app/Dockerfile': 'FROM scratch\nCOPY nowhere /\n',
      },
      ['base'],
    )
    const result = await project.berth(
      ['build', '--builder', builder, '--json', '--version', '1.0.0'],
      env(),
    )
    expect(result.status, result.output).toBe(10)
    const services = servicesOf(result)
    expect(services.app).toMatchObject({
      state: 'failed',
      fault: expect.stringContaining('nowhere'),
    })
    expect(services.other?.state).toBe('pushed')
    expect(result.output).toContain(join(project.folder, '.berth/logs/app.log'))
    expect(await readFile(services.app?.log ?? '', 'utf8')).toContain('nowhere')
    expect(await tagsOf('app')).toEqual([])
    expect(await tagsOf('other')).toContain('1.0.0')
    const fast = await project.berth(
      ['build', '--builder', builder, '--fail-fast', '--parallel', '1', '--version', '9.0.0'],
      env(),
    )
    expect(fast.status, fast.output).toBe(10)
    expect(await tagsOf('other')).not.toContain('9.0.0')
    expect(await project.leftOver()).toEqual([])
  })

  test('Ctrl-C ends the builder and leaves nothing behind', async () => {
    await project.write(one('FROM scratch\nCOPY tool /tool\nRUN ["/tool", "sleep"]\n'), ['api'])
    const child = spawn(berthFile, ['build', '--builder', builder, '--version', '1.0.0'], {
      cwd: project.folder,
      env: { ...project.env, ...env() },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (text: Buffer) => {
      said += text.toString()
    })
    const log = join(project.folder, '.berth/logs/api.log')
    await expect
      .poll(() => readFile(log, 'utf8').catch(() => ''), { timeout: 60_000 })
      .toMatch(/RUN \["\/tool", "sleep"\]/)
    await sleep(1000)
    child.kill('SIGINT')
    const [status] = (await once(child, 'close')) as [number]
    expect(status, said).toBe(130)
    expect(await project.leftOver()).toEqual([])
    expect(await tagsOf('api')).toEqual([])
    if (builder === 'docker' || builder === 'buildx') return
    expect((await project.tool('buildah', ['containers', '--quiet'])).trim()).toBe('')
  })
})

describe('several platforms', () => {
  test.each(['buildah', 'podman'])('%s makes an index of images for each', async (builder) => {
    await project.write(one('FROM scratch\nCOPY tool /tool\n'), ['api'])
    const platforms = ['--platform', 'linux/amd64,linux/arm64/v8,linux/arm/v7']
    const built = await project.build(['--builder', builder, '--version', '1.0.0', ...platforms])
    const index = await get(`${prefix}/api/manifests/1.0`)
    expect(index.body.mediaType).toBe('application/vnd.oci.image.index.v1+json')
    expect(index.body.annotations['org.opencontainers.image.version']).toBe('1.0.0')
    const made = await Promise.all(
      index.body.manifests.map(async (each) => {
        const { os, architecture } = await configOf('api', each.digest)
        return { told: each.platform, made: { os, architecture } }
      }),
    )
    expect(made.map(({ told }) => told.architecture)).toEqual(['amd64', 'arm64', 'arm'])
    for (const each of made)
      expect(each.made).toMatchObject({ architecture: each.told.architecture })
    expect(built.api?.platforms).toHaveLength(3)
  })

  test("docker's classic builder refuses them before anything is built", async () => {
    await project.write(one('FROM scratch\nCOPY tool /tool\n'), ['api'])
    const result = await project.berth(
      [
        'build',
        '--builder',
        'docker',
        '--version',
        '1.0.0',
        '--platform',
        'linux/amd64,linux/arm64',
      ],
      { DOCKER_HOST: dockerd.env.DOCKER_HOST ?? '' },
    )
    expect(result.status).toBe(12)
    expect(result.output).toContain('one platform only')
  })
})

describe('the same digest', () => {
  test('comes of the same source and time, from the cache, without it and on an empty machine', async () => {
    await project.write(one('FROM scratch\nCOPY tool /tool\nRUN ["/tool"]\n'), ['api'])
    const build = async (epoch: string, ...more: string[]): Promise<string | undefined> => {
      const args = ['--builder', 'buildah', '--version', '1.0.0', '--no-push', ...more]
      return (await project.build(args, { SOURCE_DATE_EPOCH: epoch })).api?.digest
    }
    const first = await build('1700000000')
    expect(await build('1700000000')).toBe(first)
    expect(await build('1700000000', '--no-cache')).toBe(first)
    const later = await build('1700000500')
    expect(later).not.toBe(first)
    await project.useFreshStorage('second')
    expect(await build('1700000500')).toBe(later)
    expect(await build('1700000000')).toBe(first)
  })
})

describe('what a build may use', () => {
  test('a secret, by variable or file, which is then neither in the image nor in the log', async () => {
    const secrets =
      '    secrets:\n      - { id: one, env: TOKEN }\n      - { id: two, file: two.txt }\n'
    const mounts = '--mount=type=secret,id=one --mount=type=secret,id=two'
    const steps = `RUN ${mounts} ["/tool", "size", "/run/secrets/one", "14"]\nRUN ${mounts} ["/tool", "size", "/run/secrets/two", "9"]\n`
    await project.write(
      { ...one(`FROM scratch\nCOPY tool /tool\n${steps}`, secrets), 'two.txt': 'second-9!' },
      ['api'],
    )
    const args = ['--builder', 'buildah', '--version', '1.0.0']
    const missing = await project.berth(['build', ...args])
    expect(missing.status).toBe(2)
    expect(missing.output).toContain('TOKEN is not set')
    const built = await project.build(args, { TOKEN: 'hunter2hunter2' })
    expect(await readFile(built.api?.log ?? '', 'utf8')).not.toContain('hunter2')
    expect(JSON.stringify(await configOf('api', '1.0.0'))).not.toContain('hunter2')
    expect(await project.leftOver()).toEqual([])
  })

  test('a base image in a registry without TLS, with the login that is stored', async () => {
    await project.write({ ...one('FROM scratch\nCOPY tool /tool\n') }, ['api'])
    await project.build(['--builder', 'buildah', '--version', '1.0.0'])
    await project.useFreshStorage('second')
    const base = `${berth.host}/${prefix}/api:1.0.0`
    await project.write(one(`FROM ${base}\nRUN ["/tool"]\n`))
    const built = await project.build(['--builder', 'buildah', '--version', '1.1.0'])
    expect(built.api?.state).toBe('pushed')
    const [below, above] = [await configOf('api', '1.0.0'), await configOf('api', '1.1.0')]
    expect(above.rootfs.diff_ids[0]).toBe(below.rootfs.diff_ids[0])
  })

  test('build cache that another machine left in a registry', async () => {
    await project.write(one('FROM scratch\nCOPY tool /tool\nRUN ["/tool"]\n'), ['api'])
    const cache = `${berth.host}/${prefix}/cache`
    const args = ['--builder', 'buildah', '--version', '1.0.0', '--no-push', '--cache-from', cache]
    const first = await project.build([...args, '--cache-to', cache])
    expect(first.api?.cacheHits).toBe(0)
    await project.useFreshStorage('second')
    expect((await project.build(args)).api?.cacheHits).toBeGreaterThan(0)
  })
})

describe('after the build', () => {
  test('old local images go, the newest and those in use stay', async () => {
    const args = ['--builder', 'buildah', '--no-push']
    for (const version of ['1.0.0', '2.0.0', '3.0.0', '4.0.0']) {
      await project.write(one(`FROM scratch\nCOPY tool /tool\nLABEL v=${version}\n`), ['api'])
      const tags = ['--version', version, ...(version === '4.0.0' ? ['--remove-old', '1'] : [])]
      await project.build([...args, ...tags])
      if (version === '2.0.0') {
        await project.tool('buildah', ['from', '--pull=never', `${berth.host}/${prefix}/api:2.0.0`])
      }
      await sleep(1100)
    }
    const images = JSON.parse(await project.tool('buildah', ['images', '--json'])) as {
      names?: string[]
    }[]
    const names = images.flatMap((each) => each.names ?? []).filter((name) => name.endsWith('.0.0'))
    expect(names.sort()).toEqual(
      ['2.0.0', '4.0.0'].map((tag) => `${berth.host}/${prefix}/api:${tag}`),
    )
  })

  test('the digest is noted in build-lock.json', async () => {
    await project.write(
      {
        ...one('FROM scratch\nCOPY tool /tool\n'),
        'build-lock.json': '{"version":1,"images":{},"services":{}}',
      },
      ['api'],
    )
    const built = await project.build([
      '--builder',
      'buildah',
      '--version',
      '1.0.0',
      '--update-lock',
    ])
    const lock: unknown = JSON.parse(
      await readFile(join(project.folder, 'build-lock.json'), 'utf8'),
    )
    expect(lock).toMatchObject({
      services: {
        api: {
          image: `${berth.host}/${prefix}/api`,
          digest: built.api?.digest,
          tags: ['1', '1.0', '1.0.0', 'stable'],
        },
      },
    })
  })
})

describe('before the build', () => {
  test('auto takes a builder that answers', async () => {
    await project.write(one('FROM scratch\nCOPY tool /tool\n'), ['api'])
    const result = await project.berth(['build', '--dry-run', '--json', '--version', '1.0.0'])
    expect(JSON.parse(result.stdout)).toMatchObject({ builder: 'buildah' })
  })

  test('a registry that refuses is known before anything is built', async () => {
    await project.write(one('FROM scratch\nCOPY tool /tool\n'), ['api'])
    await writeFile(join(project.env.HOME ?? '', '.docker/config.json'), '{}')
    const result = await project.berth(['build', '--builder', 'buildah', '--version', '1.0.0'])
    expect(result.status, result.output).toBe(4)
    expect(result.output).not.toContain('building')
  })
})
