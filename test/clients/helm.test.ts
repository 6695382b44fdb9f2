import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { requireTool, run, type CommandResult } from '../tools/process.ts'
import { expectRefusal, expectSuccess, notFound, refusal, unknownAuthority } from './behaviour.ts'
import {
  describeClient,
  digestOfTag,
  expectComplete,
  startRegistry,
  startTlsRegistry,
  type Registry,
} from './registry.ts'

const version = '1.2.3+build.7'

describeClient('helm', ['helm'], () => {
  let registry: Registry
  let chart: string
  let pulls = 0

  const helm = (args: string[]): Promise<CommandResult> =>
    run(requireTool('helm'), args, {
      env: {
        HELM_CONFIG_HOME: join(registry.scratch, 'config'),
        HELM_CACHE_HOME: join(registry.scratch, 'cache'),
        HELM_DATA_HOME: join(registry.scratch, 'data'),
      },
    })
  const login = (host: string, password: string, tls: string[]): Promise<CommandResult> => {
    const user = ['--username', registry.username, '--password', password]
    return helm(['registry', 'login', host, ...user, ...tls])
  }
  /** Pulls into an empty folder and returns what came, by its SHA-256. */
  const pull = async (args: string[]): Promise<{ result: CommandResult; folder: string }> => {
    pulls += 1
    const folder = join(registry.scratch, `pulled-${pulls}`)
    await mkdir(folder)
    return { result: await helm(['pull', ...args, '--destination', folder]), folder }
  }
  const hashOf = async (file: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex')

  beforeAll(async () => {
    registry = await startRegistry()
    const source = join(registry.scratch, 'web')
    await mkdir(join(source, 'templates'), { recursive: true })
    const about = ['apiVersion: v2', 'name: web', `version: ${version}`, 'description: a test']
    await writeFile(join(source, 'Chart.yaml'), about.join('\n'))
    const map = ['apiVersion: v1', 'kind: ConfigMap', 'metadata: { name: web }', 'data: { a: b }']
    await writeFile(join(source, 'templates/map.yaml'), map.join('\n'))
    expectSuccess(await helm(['package', source, '--destination', registry.scratch]))
    chart = join(registry.scratch, `web-${version}.tgz`)
  })

  afterAll(() => registry?.stop())

  test('a wrong password is refused with a message that says so', async () => {
    expectRefusal(await login(registry.host, 'not the password', ['--plain-http']), refusal)
  })

  test('the right password is accepted', async () => {
    expectSuccess(await login(registry.host, registry.password, ['--plain-http']))
  })

  test('a chart is pushed and the registry serves every byte of it', async () => {
    expectSuccess(await helm(['push', chart, `oci://${registry.host}/charts`, '--plain-http']))
    // A tag has no plus sign: helm writes an underscore.
    expect(await expectComplete(registry, 'charts/web', '1.2.3_build.7')).toMatch(/^sha256:/)
  })

  test('a chart is pulled by version', async () => {
    const name = `oci://${registry.host}/charts/web`
    const { result, folder } = await pull([name, '--version', version, '--plain-http'])
    expectSuccess(result)
    expect(await hashOf(join(folder, `web-${version}.tgz`))).toBe(await hashOf(chart))
  })

  test('the newest version is found when none is named', async () => {
    const { result, folder } = await pull([`oci://${registry.host}/charts/web`, '--plain-http'])
    expectSuccess(result)
    expect(await hashOf(join(folder, `web-${version}.tgz`))).toBe(await hashOf(chart))
  })

  test('a chart is pulled by digest', async () => {
    const digest = await digestOfTag(registry, 'charts/web', '1.2.3_build.7')
    const name = `oci://${registry.host}/charts/web@${digest}`
    const { result } = await pull([name, '--plain-http'])
    expectSuccess(result)
    expect(result.output).toContain(digest)
  })

  test('a pulled chart renders', async () => {
    const name = `oci://${registry.host}/charts/web`
    const result = await helm(['template', 'it', name, '--version', version, '--plain-http'])
    expectSuccess(result)
    expect(result.stdout).toContain('kind: ConfigMap')
  })

  test('a deleted chart is gone, and helm says so', async () => {
    const path = '/v2/charts/web/manifests/1.2.3_build.7'
    expect((await registry.send('DELETE', path)).status).toBe(202)
    const name = `oci://${registry.host}/charts/web`
    const { result } = await pull([name, '--version', version, '--plain-http'])
    expectRefusal(result, notFound)
  })

  test('over TLS, an authority that the client does not know is refused, and a known one works', async () => {
    const berth = await startTlsRegistry()
    try {
      const known = ['--ca-file', berth.caFile]
      const target = `oci://${berth.host}/charts`
      expectRefusal(await login(berth.host, berth.password, []), unknownAuthority)
      expectSuccess(await login(berth.host, berth.password, known))
      expectRefusal(await helm(['push', chart, target]), unknownAuthority)
      expectSuccess(await helm(['push', chart, target, ...known]))
      const { result, folder } = await pull([`${target}/web`, '--version', version, ...known])
      expectSuccess(result)
      expect(await hashOf(join(folder, `web-${version}.tgz`))).toBe(await hashOf(chart))
    } finally {
      await berth.stop()
    }
  })
})
