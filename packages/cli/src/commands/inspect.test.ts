import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Berth, startBerth } from '../../../../test/tools/berth.ts'
import type { ImageReport } from '../inspect/image-report.ts'
import { makeHome } from '../testing/logged-in.ts'
import { ImagePusher, type Pushed } from '../testing/push-images.ts'
import { type CommandRun, runCommand } from '../testing/run-command.ts'

let berth: Berth
let home: Awaited<ReturnType<typeof makeHome>>
let pusher: ImagePusher
let image: string
let amd64: Pushed
let index: Pushed
const run = (...argv: string[]): Promise<CommandRun> => runCommand(argv, { env: home.env })

const config = (architecture: string) => ({
  os: 'linux',
  architecture,
  created: '2026-03-04T05:06:07Z',
  config: {
    User: '1000:1000',
    Entrypoint: ['/bin/app'],
    Cmd: ['--port', '80'],
    Env: ['PATH=/usr/bin', 'DB_PASSWORD=hunter2hunter2'],
    WorkingDir: '/srv',
    Labels: { 'org.example.note': 'evil \u001b]0;owned\u0007 label\nsecond line' },
  },
  history: [
    { created_by: '/bin/sh -c #(nop) ADD file:base in /' },
    { created_by: 'ENV A=b \u001b[31m', empty_layer: true },
    { created_by: 'RUN /bin/sh -c make TOKEN=s3cr3ts3cr3t install # buildkit' },
  ],
})

beforeAll(async () => {
  berth = await startBerth()
  home = await makeHome({ [berth.host]: berth })
  image = `${berth.host}/acme/api:1.0`
  pusher = new ImagePusher({ ...berth, repository: 'acme/api' })
  const base = 'b'.repeat(3000)
  amd64 = await pusher.image({ config: config('amd64'), layers: [base, 'amd64'] })
  const arm64 = await pusher.image({ config: config('arm64'), layers: [base, 'arm64 layer'] })
  const attestation = await pusher.image({
    config: { os: 'unknown', architecture: 'unknown' },
    layers: ['{"predicateType":"https://slsa.dev/provenance/v1"}'],
    layerMediaType: 'application/vnd.in-toto+json',
    layerAnnotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v1' },
  })
  index = await pusher.index(
    [
      { image: amd64, platform: { os: 'linux', architecture: 'amd64' } },
      { image: arm64, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
      {
        image: attestation,
        platform: { os: 'unknown', architecture: 'unknown' },
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': amd64.digest,
        },
      },
    ],
    ['1.0'],
    { 'org.opencontainers.image.title': 'api' },
  )
  await pusher.image({ subject: index, artifactType: 'application/spdx+json', layers: ['{}'] })
  await pusher.image({ layers: ['sig'] }, [`${amd64.digest.replace(':', '-')}.sig`])
})

afterAll(async () => {
  pusher.close()
  await berth.stop()
  await home.remove()
})

describe('berth inspect', () => {
  test('tells platforms, layers with their instructions, config and what is about the image', async () => {
    const { code, json } = await run('--json', 'inspect', image, '--platform', 'linux/amd64')
    expect(code).toBe(0)
    const report = json<ImageReport>()
    expect(report).toMatchObject({
      reference: image,
      digest: index.digest,
      kind: 'index',
      created: '2026-03-04T05:06:07.000Z',
      annotations: { 'org.opencontainers.image.title': 'api' },
    })
    expect(report.platforms.map(({ platform, layers }) => [platform, layers])).toEqual([
      ['linux/amd64', 2],
      ['linux/arm64', 2],
    ])
    expect(report.sharedLayers).toMatchObject([
      { size: 3000, platforms: ['linux/amd64', 'linux/arm64'] },
    ])
    expect(report.attachments.map(({ kind, found }) => [kind, found])).toEqual([
      ['provenance (SLSA)', 'index'],
      ['SBOM (SPDX)', 'referrers'],
      ['signature (cosign)', 'tag'],
    ])
    expect(report.image).toMatchObject({
      platform: 'linux/amd64',
      digest: amd64.digest,
      user: '1000:1000',
      entrypoint: ['/bin/app'],
      command: ['--port', '80'],
      isHistoryComplete: true,
    })
    expect(report.image?.layers.map(({ size, instruction }) => [size, instruction])).toEqual([
      [3000, 'ADD file:base in /'],
      [5, 'RUN make TOKEN=******** install'],
    ])
    // The shared layer counts once.
    const sizes = report.platforms.map(({ size }) => size ?? 0)
    expect(report.size).toBeLessThan((sizes[0] ?? 0) + (sizes[1] ?? 0))
  })

  test('on 80 columns nothing is wider, and no stranger controls the terminal', async () => {
    const { stdout, stderr } = await runCommand(['inspect', image], {
      env: { ...home.env, NO_COLOR: '1' },
      columns: 80,
    })
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    // oxlint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f]/)
    expect(stdout).toContain('\\u001b]0;owned\\u0007 label\\nsecond line')
    expect(stdout + stderr).not.toContain('hunter2')
    expect(stdout + stderr).not.toContain('s3cr3t')
    expect(stderr).toContain('DB_PASSWORD in the environment looks like a secret')
    for (const part of [
      index.digest,
      'linux/arm64',
      'ADD file:base',
      'provenance (SLSA)',
      'SBOM (SPDX)',
    ]) {
      expect(stdout).toContain(part)
    }
  })

  test('--raw prints the exact bytes of the manifest, of the index or of a platform', async () => {
    expect((await run('inspect', image, '--raw')).bytes.equals(index.bytes)).toBe(true)
    const one = await run('inspect', image, '--raw', '--platform', 'linux/amd64')
    expect(one.bytes.equals(amd64.bytes)).toBe(true)
  })

  test('--config prints the exact bytes of the config', async () => {
    const { bytes } = await run('inspect', image, '--config', '--platform', 'linux/arm64')
    expect(bytes.toString()).toBe(JSON.stringify(config('arm64')))
  })

  test('a platform or an image that is not there is not found', async () => {
    const platform = await run('inspect', image, '--platform', 'linux/s390x')
    expect(platform.code).toBe(3)
    expect(platform.stderr).toContain('linux/amd64, linux/arm64')
    const single = `${berth.host}/acme/api@${amd64.digest}`
    expect((await run('inspect', single, '--platform', 'linux/arm64')).code).toBe(3)
    expect((await run('inspect', single, '--platform', 'linux/amd64')).code).toBe(0)
    expect((await run('inspect', `${berth.host}/acme/api:none`)).code).toBe(3)
    expect((await run('inspect', image, '--platform', 'a/b/c/d')).code).toBe(2)
  })

  test('an artifact is shown as what it is', async () => {
    const chart = await pusher.image(
      {
        configMediaType: 'application/vnd.cncf.helm.config.v1+json',
        config: { name: 'chart' },
        layers: ['tgz'],
      },
      ['chart'],
    )
    const artifact = (
      await run('--json', 'inspect', `${berth.host}/acme/api:chart`)
    ).json<ImageReport>()
    expect(artifact).toMatchObject({
      digest: chart.digest,
      kind: 'artifact',
      artifactType: 'application/vnd.cncf.helm.config.v1+json',
      image: null,
      platforms: [],
    })
    expect((await run('inspect', `${berth.host}/acme/api:chart`)).stdout).toContain('artifact')
  })
})
