import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Berth, startBerth } from '../../../../test/tools/berth.ts'
import { makeHome } from '../testing/logged-in.ts'
import { ImagePusher, type Pushed } from '../testing/push-images.ts'
import { type CommandRun, runCommand } from '../testing/run-command.ts'

type Shown = {
  digest: string
  annotations: Record<string, string>
  manifests: {
    digest: string
    platform?: Record<string, string>
    annotations?: Record<string, string>
  }[]
}

let berth: Berth
let home: Awaited<ReturnType<typeof makeHome>>
let here: ImagePusher
let there: ImagePusher
let amd64: Pushed
let arm64: Pushed
let attestation: Pushed
const run = (...argv: string[]): Promise<CommandRun> => runCommand(argv, { env: home.env })
const show = async (image: string): Promise<Shown> =>
  (await run('--json', 'manifest', 'show', image)).json<Shown>()
const api = (reference: string): string => `${berth.host}/acme/api${reference}`

beforeAll(async () => {
  berth = await startBerth()
  home = await makeHome({ [berth.host]: berth })
  here = new ImagePusher({ ...berth, repository: 'acme/api' })
  there = new ImagePusher({ ...berth, repository: 'acme/elsewhere' })
  amd64 = await here.image({ config: { os: 'linux', architecture: 'amd64' }, layers: ['a'] }, [
    'amd64',
  ])
  arm64 = await there.image(
    { config: { os: 'linux', architecture: 'arm64', variant: 'v8' }, layers: ['b'] },
    ['arm64'],
  )
  attestation = await there.image({
    config: { os: 'unknown', architecture: 'unknown' },
    layers: ['{}'],
    layerMediaType: 'application/vnd.in-toto+json',
  })
  await there.index(
    [
      { image: arm64, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
      {
        image: attestation,
        platform: { os: 'unknown', architecture: 'unknown' },
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': arm64.digest,
        },
      },
    ],
    ['built'],
  )
  await there.image({ subject: arm64, artifactType: 'application/spdx+json', layers: ['sbom'] })
})

afterAll(async () => {
  here.close()
  there.close()
  await berth.stop()
  await home.remove()
})

describe('berth manifest', () => {
  test('makes an index of this and another repository, with attestations and signatures, the same bytes each time', async () => {
    const elsewhere = `${berth.host}/acme/elsewhere:built`
    const made = await run(
      '--json',
      'manifest',
      'create',
      api(':1.0'),
      elsewhere,
      api(':amd64'),
      '--annotation',
      'org.example.a=b=c',
    )
    expect(made.code).toBe(0)
    const index = made.json<Shown>()
    expect(index.annotations).toEqual({ 'org.example.a': 'b=c' })
    expect(index.manifests.map(({ digest, platform }) => [digest, platform?.architecture])).toEqual(
      [
        [amd64.digest, 'amd64'],
        [arm64.digest, 'arm64'],
        [attestation.digest, 'unknown'],
      ],
    )
    const again = await run(
      '--json',
      'manifest',
      'create',
      api(':2.0'),
      api(':amd64'),
      elsewhere,
      '--annotation',
      'org.example.a=b=c',
    )
    expect(again.json<Shown>().digest).toBe(index.digest)
    const inspected = await run('--json', 'inspect', api(':1.0'), '--platform', 'linux/arm64')
    const { attachments } = inspected.json<{ attachments: { kind: string }[] }>()
    expect(attachments.map(({ kind }) => kind)).toEqual(['attestation (BuildKit)', 'SBOM (SPDX)'])
  })

  test('two images for one platform are refused, and can be told apart by --platform', async () => {
    const other = await here.image(
      { config: { os: 'linux', architecture: 'amd64' }, layers: ['c'] },
      ['other'],
    )
    const twice = await run('manifest', 'create', api(':3.0'), api(':amd64'), api(':other'))
    expect(twice.code).toBe(2)
    expect(twice.stderr).toContain('two images for linux/amd64')
    expect((await run('manifest', 'show', api(':3.0'))).code).toBe(3)
    const told = await run(
      '--json',
      'manifest',
      'create',
      api(':3.0'),
      api(':amd64'),
      api(':other'),
      '--platform',
      `${api(':other')}=linux/arm64/v8`,
    )
    expect(told.code).toBe(0)
    expect(told.json<Shown>().manifests.at(-1)).toMatchObject({
      digest: other.digest,
      platform: { os: 'linux', architecture: 'arm64' },
    })
  })

  test('adds and removes platforms; attestations go with their image, annotations of the index stay', async () => {
    await run('manifest', 'create', api(':4.0'), api(':amd64'), '--annotation', 'kept=yes')
    const added = await run('manifest', 'add', api(':4.0'), `${berth.host}/acme/elsewhere:built`)
    expect(added.code).toBe(0)
    expect(added.stdout).toContain('attestation')
    expect((await show(api(':4.0'))).manifests).toHaveLength(3)
    expect((await run('manifest', 'remove', api(':4.0'), 'linux/s390x')).code).toBe(3)
    expect((await run('manifest', 'remove', api(':4.0'), 'linux/arm64')).code).toBe(0)
    const left = await show(api(':4.0'))
    expect(left.manifests.map(({ digest }) => digest)).toEqual([amd64.digest])
    expect(left.annotations).toEqual({ kept: 'yes' })
    expect((await run('manifest', 'remove', api(':4.0'), 'linux/amd64')).code).toBe(2)
  })

  test('what is no index, no image or no platform is told', async () => {
    expect((await run('manifest', 'show', api(':amd64'))).code).toBe(2)
    expect((await run('manifest', 'create', api(':5.0'), api(':none'))).code).toBe(3)
    await here.image(
      { configMediaType: 'application/vnd.cncf.helm.config.v1+json', layers: ['tgz'] },
      ['chart'],
    )
    const chart = await run('manifest', 'create', api(':5.0'), api(':chart'))
    expect(chart.code).toBe(2)
    expect(chart.stderr).toContain('--platform')
    expect(
      (await run('manifest', 'create', api(':5.0'), api(':amd64'), '--platform', 'x=linux/amd64'))
        .code,
    ).toBe(2)
  })
})
