import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import { RegistryClient } from '@berth/client/registry/registry-client.ts'
import { Transport } from '@berth/client/transport/transport.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Berth, startBerth } from '../../../../test/tools/berth.ts'
import { startRecordingProxy } from '../../../../test/tools/recording-proxy.ts'
import { type ExampleRegistry, pushExampleRegistry } from '../inventory/testing/example-registry.ts'
import { packLayer, type PushedImage, RegistryPusher } from '../inventory/testing/push-registry.ts'
import { makeHome } from '../testing/logged-in.ts'
import { type CommandRun, runCommand } from '../testing/run-command.ts'
import { gatherRegistry } from '../inventory/gather.ts'
import { parseScopes } from '../inventory/scope.ts'
import type { InventoryJson } from './inventory.ts'

let berth: Berth
let home: Awaited<ReturnType<typeof makeHome>>
let example: ExampleRegistry
let report: InventoryJson['registries'][number]

const run = (...argv: string[]): Promise<CommandRun> =>
  runCommand(argv, { env: home.env, cwd: home.folder })

/** What an image has of its own: its manifest and its configuration. */
function own(...images: readonly PushedImage[]): number {
  return images.reduce((sum, { sizes }) => sum + sizes.manifest + sizes.config, 0)
}

beforeAll(async () => {
  berth = await startBerth()
  home = await makeHome({ [berth.host]: berth })
  example = await pushExampleRegistry(berth)
  const { code, json, stderr } = await run('--json', 'inventory', berth.host)
  expect(stderr.includes('error')).toBe(false)
  expect(code).toBe(0)
  report = json<InventoryJson>().registries[0]!
})

afterAll(async () => {
  await berth.stop()
  await home.remove()
})

describe('berth inventory', () => {
  it('counts what is there', () => {
    expect(report).toMatchObject({
      registry: berth.host,
      kind: 'berth',
      isWhole: true,
      problems: [],
    })
    expect(report.totals).toMatchObject({
      repositories: 6,
      tags: 9,
      manifests: 8,
      images: 8,
      indexes: 0,
      artifacts: 0,
      blobs: 11 + 8,
    })
    expect(report.platforms).toMatchObject([{ platform: 'linux/amd64', images: 8 }])
  })

  it('tells stored, total, unique and shared bytes to the byte', () => {
    const { images, layers } = example
    const stored =
      Object.values(layers).reduce((sum, size) => sum + size, 0) + own(...Object.values(images))
    expect(report.totals.storedBytes).toBe(stored)

    const usage = Object.fromEntries(report.repositories.map((each) => [each.name, each]))
    const base1 = layers.system1 + layers.python1
    const base2 = layers.system2 + layers.python2
    expect(usage['base/python']).toMatchObject({
      uniqueBytes: own(images.pythonOld, images.pythonNew),
      sharedBytes: base1 + base2,
      tags: 2,
    })
    // The first version has a copy in mirror/api, manifest and all.
    expect(usage['team/api']).toMatchObject({
      uniqueBytes: own(images.api2) + layers.api2,
      sharedBytes: base1 + base2 + layers.api + own(images.api1),
    })
    expect(usage['mirror/api']).toMatchObject({
      uniqueBytes: 0,
      sharedBytes: base1 + layers.api + own(images.api1),
    })
    expect(usage['team/worker']).toMatchObject({
      uniqueBytes: own(images.worker) + layers.tools,
      sharedBytes: base1,
    })
    expect(usage['team/batch']).toMatchObject({
      uniqueBytes: own(images.batch) + layers.toolsRepacked + layers.job,
      sharedBytes: base2,
    })
    expect(usage['team/trainer']).toMatchObject({
      uniqueBytes: own(images.trainerCpu, images.trainerGpu) + layers.torch + layers.cuda,
      sharedBytes: base2,
    })
    expect(report.totals.aloneBytes).toBe(
      report.repositories.reduce((sum, { totalBytes }) => sum + totalBytes, 0),
    )
  })

  it('agrees with what the server itself counts for each repository', async () => {
    const authorization = `Basic ${Buffer.from(`${berth.username}:${berth.password}`).toString('base64')}`
    for (const { name, totalBytes } of report.repositories) {
      const response = await fetch(
        `${berth.origin}/api/v1/repositories/${encodeURIComponent(name)}/usage`,
        { headers: { authorization } },
      )
      expect(await response.json()).toMatchObject({ bytes: totalBytes, complete: true })
    }
  })

  it('finds the families of both versions of the base', () => {
    expect(
      report.families.map(({ name, nameFrom, images, layers, distance }) => ({
        name,
        nameFrom,
        images,
        layers,
        distance,
      })),
    ).toEqual([
      { name: 'base/python:3.12.8', nameFrom: 'image', images: 5, layers: 2, distance: 0 },
      { name: 'base/python:3.12.7', nameFrom: 'image', images: 3, layers: 2, distance: 0 },
    ])
    expect(report.families[0]).toMatchObject({
      chainBytes: example.layers.system2 + example.layers.python2,
      families: [{ name: 'team/trainer:2.0-cpu', distance: 0, images: 2, layers: 3 }],
    })
  })

  it('says what rebuilding on one base and packing alike would save, exactly', () => {
    const { images, layers } = example
    const byKind = Object.fromEntries(report.recommendations.map((each) => [each.kind, each]))
    // The older base image goes as well: its layers, manifest and configuration.
    expect(byKind.base).toMatchObject({
      savesBytes: layers.system1 + layers.python1 + own(images.pythonOld),
      text: '6 images are built on 2 different digests of base/python (python 3.12); rebuild them on one and remove the older base',
    })
    expect(byKind.repacked).toMatchObject({
      savesBytes: Math.max(layers.tools, layers.toolsRepacked),
      text: 'team/batch and team/worker store 1 layer more than once, packed differently; build them with the same compression',
    })
    expect(Object.keys(byKind).toSorted()).toEqual(['base', 'repacked'])
    expect(report.recommendedBytes).toBe(byKind.base!.savesBytes + byKind.repacked!.savesBytes)
  })

  it('puts the GPU and the CPU variant side by side', () => {
    const { images, layers } = example
    const base = layers.system2 + layers.python2
    expect(report.accelerators.images).toMatchObject({ cuda: 1, cpu: 7 })
    expect(report.accelerators.groups).toEqual([
      {
        name: 'team/trainer:2.0',
        platform: 'linux/amd64',
        sharedLayers: 3,
        sharedBytes: base + layers.torch,
        totalBytes: base + layers.torch + layers.cuda + own(images.trainerCpu, images.trainerGpu),
        variants: [
          {
            image: 'team/trainer:2.0-gpu',
            accelerator: 'cuda',
            toldBy: 'environment',
            totalBytes: base + layers.torch + layers.cuda + own(images.trainerGpu),
            sharedBytes: base + layers.torch,
            ownBytes: layers.cuda + own(images.trainerGpu),
          },
          {
            image: 'team/trainer:2.0-cpu',
            accelerator: 'cpu',
            toldBy: null,
            totalBytes: base + layers.torch + own(images.trainerCpu),
            sharedBytes: base + layers.torch,
            ownBytes: own(images.trainerCpu),
          },
        ],
      },
    ])
  })

  it('lists what is there more than once', () => {
    expect(report.duplicates.manifests).toMatchObject([
      { digest: example.images.api1.digest, tags: 2, names: ['mirror/api:1.0', 'team/api:1.0'] },
    ])
    expect(report.duplicates.layers).toEqual([
      {
        repositories: ['team/batch', 'team/worker'],
        layers: 1,
        excessBytes: Math.max(example.layers.tools, example.layers.toolsRepacked),
      },
    ])
  })
})

describe('what is asked for', () => {
  it('is each distinct manifest and configuration once, and only tags the second time', async () => {
    const proxy = await startRecordingProxy(berth.port)
    const other = await makeHome({ [proxy.host]: berth })
    const read = async (
      ...more: string[]
    ): Promise<{ gets: string[]; heads: number; bytes: number }> => {
      proxy.clear()
      const { code, json } = await runCommand(
        ['--json', '--kind', `${proxy.host}=distribution`, 'inventory', proxy.host, ...more],
        { env: other.env, cwd: other.folder },
      )
      expect(code).toBe(0)
      const known = proxy.requests.filter(({ status }) => status === 200)
      return {
        gets: known.flatMap(({ method, url }) =>
          method === 'GET' && /\/(?:manifests|blobs)\//.test(url) ? [url] : [],
        ),
        heads: known.filter(({ method }) => method === 'HEAD').length,
        bytes: json<InventoryJson>().registries[0]!.totals.storedBytes,
      }
    }
    try {
      const first = await read()
      expect(first).toMatchObject({ heads: 9, bytes: report.totals.storedBytes })
      // Eight manifests and their eight configurations; no layer.
      expect(first.gets).toHaveLength(16)
      expect(new Set(first.gets.map((url) => url.slice(url.indexOf('sha256:')))).size).toBe(16)
      expect(await read()).toEqual({ gets: [], heads: 9, bytes: report.totals.storedBytes })

      // What is damaged on this machine is read anew, and put right.
      const folder = join(other.folder, '.cache/berth/manifests')
      const [one = ''] = await readdir(folder)
      const whole = await readFile(join(folder, one))
      await writeFile(join(folder, one), 'damaged')
      expect((await read()).gets).toHaveLength(1)
      expect(await readFile(join(folder, one))).toEqual(whole)
      expect((await stat(folder)).mode & 0o777).toBe(0o700)

      expect((await read('--no-cache')).gets).toHaveLength(16)
    } finally {
      await proxy.stop()
      await other.remove()
    }
  })

  it('is what the patterns name, and the rest is not called unique for certain', async () => {
    const { json } = await run('--json', 'inventory', `${berth.host}/team/*`)
    const [part] = json<InventoryJson>().registries
    expect(part!.isWhole).toBe(false)
    expect(part!.repositories.map(({ name }) => name).toSorted()).toEqual([
      'team/api',
      'team/batch',
      'team/trainer',
      'team/worker',
    ])
    const named = await run('--json', 'inventory', `${berth.host}/mirror/api`)
    expect(named.json<InventoryJson>().registries[0]!.totals).toMatchObject({
      repositories: 1,
      images: 1,
    })
  })

  it('stops at a limit and says so', async () => {
    const { code, json, stderr } = await run('--json', 'inventory', berth.host, '--max-images', '3')
    expect(code).toBe(0)
    expect(stderr).toContain('It stopped after 3 images')
    const [cut] = json<InventoryJson>().registries
    expect(cut!.totals.manifests).toBe(3)
    expect(cut!.isWhole).toBe(false)
  })

  it('ends with the right code for what is not there or makes no sense', async () => {
    expect(await run('inventory', `${berth.host}/no/such`)).toMatchObject({ code: 3, stdout: '' })
    expect(await run('inventory', 'nothing')).toMatchObject({ code: 2, stdout: '' })
    expect(await run('inventory', berth.host, '--price', 'cheap')).toMatchObject({ code: 2 })
    const stranger = await makeHome({})
    const asStranger = (what: string): Promise<CommandRun> =>
      runCommand(['inventory', what], { env: stranger.env })
    expect(await asStranger(`${berth.host}/team/api`)).toMatchObject({ code: 4 })
    expect((await asStranger(berth.host)).stderr).toContain('no repository that you may see')
    await stranger.remove()
  })
})

describe('gatherRegistry', () => {
  it('ends at once when it is stopped', async () => {
    const stop = new AbortController()
    const [scope] = parseScopes([berth.host])
    const transport = new Transport()
    const client = new RegistryClient({
      transportFor: () => transport,
      credentials: {
        credentialsFor: async () => ({
          kind: 'password',
          username: berth.username,
          password: berth.password,
        }),
      },
    })
    const progress = { repositories: 0, repositoriesRead: 0, manifests: 0 }
    const watch = setInterval(() => {
      if (progress.manifests > 0) stop.abort(new ClientError('cancelled', 'It was stopped.'))
    }, 1)
    try {
      await expect(
        gatherRegistry(client, scope!, { signal: stop.signal, concurrency: 1, progress }),
      ).rejects.toMatchObject({ kind: 'cancelled' })
      expect(progress.manifests).toBeLessThan(8)
    } finally {
      clearInterval(watch)
      transport.close()
    }
  })
})

describe('what is told', () => {
  it('fits 80 columns, with prices where there are some', async () => {
    const { stdout } = await runCommand(['inventory', berth.host, '--price', '1000'], {
      env: home.env,
      columns: 80,
    })
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    expect(stdout).toContain('base/python:3.12.8')
    expect(stdout).toMatch(/^REPOSITORY +TAGS +IMAGES +TOTAL +UNIQUE +SHARED +A MONTH$/m)
    expect(stdout).toMatch(/^Cost +\d+\.\d\d a month/m)
  })

  it('takes prices from a table, by kind', async () => {
    await writeFile(
      join(home.folder, 'prices.yaml'),
      'currency: EUR\nkinds:\n  berth: { storage: 2048, egress: 1024 }\n',
    )
    const { json } = await run('--json', 'inventory', berth.host, '--price-table', 'prices.yaml')
    const { cost, totals } = json<InventoryJson>().registries[0]!
    expect(cost).toMatchObject({ currency: 'EUR', storagePerGibibyteMonth: 2048 })
    expect(cost!.perMonth).toBeCloseTo((totals.storedBytes / 2 ** 30) * 2048)
    expect(cost!.readOnce).toBeCloseTo((totals.storedBytes / 2 ** 30) * 1024)
  })

  it('says nothing of costs without a price', async () => {
    expect(report.cost).toBeUndefined()
    expect((await run('inventory', berth.host)).stdout).not.toContain('a month')
  })

  it('writes a page with the same figures', async () => {
    const { code, stderr } = await run('inventory', berth.host, '--html', 'page.html')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const page = await readFile(join(home.folder, 'page.html'), 'utf8')
    expect(page).toContain(`<h1>${berth.host}</h1>`)
    for (const { name } of report.repositories) expect(page).toContain(`<span class="name">${name}`)
    expect(page).not.toMatch(/<script|\ssrc=|\sstyle=|url\(|https?:/)
  })
})

describe('indexes, attestations and what has no tag', () => {
  it('counts them for what they are', async () => {
    const pusher = new RegistryPusher(berth)
    const base = packLayer('multi base', 5000)
    const layer = packLayer('multi', 3000)
    const amd64 = await pusher.image('multi/app', [], { layers: [base, layer] })
    const arm64 = await pusher.image('multi/app', [], { layers: [layer], architecture: 'arm64' })
    const attestation = await pusher.image('multi/app', [], {
      layers: [packLayer('in-toto', 500)],
      architecture: 'unknown',
    })
    await pusher.index(
      'multi/app',
      ['1.0', 'latest'],
      [
        { image: amd64, architecture: 'amd64' },
        { image: arm64, architecture: 'arm64' },
        { image: attestation, architecture: 'unknown' },
      ],
    )
    const untagged = await pusher.image('multi/app', [], {
      layers: [base, packLayer('gone', 2000)],
    })
    pusher.close()

    const { json } = await run('--json', 'inventory', `${berth.host}/multi/**`)
    const multi = json<InventoryJson>().registries[0]!
    expect(multi.totals).toMatchObject({
      tags: 2,
      manifests: 5,
      images: 3,
      indexes: 1,
      artifacts: 1,
      untagged: 1,
    })
    expect(multi.platforms.map(({ platform, images }) => [platform, images])).toEqual([
      ['linux/amd64', 2],
      ['linux/arm64', 1],
    ])
    expect(multi.recommendations).toMatchObject([
      {
        kind: 'untagged',
        savesBytes: own(untagged) + untagged.sizes.layers[1]!,
        subjects: [`multi/app@${untagged.digest.slice(0, 19)}`],
      },
    ])
  })
})
