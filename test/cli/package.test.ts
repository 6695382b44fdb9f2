import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeSmallLayouts } from '../fixtures/layout.ts'
import { type Berth, startBerth } from '../tools/berth.ts'
import { freePort, mustRun, run, startService } from '../tools/process.ts'

const root = join(import.meta.dirname, '../..')
const dist = join(root, 'dist')
const scratch = mkdtempSync(join(tmpdir(), 'berth-package-'))
const installed = join(scratch, 'installed')
let layout: string
let registry: Berth

beforeAll(async () => {
  await mustRun(process.execPath, [join(root, 'scripts/build-cli.ts')], {
    cwd: root,
    timeoutSeconds: 300,
  })
  mkdirSync(installed)
  writeFileSync(join(installed, 'package.json'), '{"private":true}')
  const { version } = await import('../../packages/cli/src/version.ts')
  await mustRun(
    'npm',
    ['install', '--offline', '--no-audit', '--no-fund', join(dist, `berth-${version}.tgz`)],
    {
      cwd: installed,
      env: { npm_config_cache: join(scratch, 'cache') },
    },
  )
  layout = (await writeSmallLayouts(join(scratch, 'layout'), 'package')).index.directory
  registry = await startBerth()
}, 600_000)

afterAll(async () => {
  await registry?.stop()
  rmSync(scratch, { recursive: true, force: true })
})

const ways: Readonly<Record<string, () => [string, readonly string[]]>> = {
  'the executable': () => [join(dist, 'berth'), []],
  'the npm package': () => [process.execPath, [join(installed, 'node_modules/berth/bin/berth')]],
}

describe.each(Object.keys(ways))('%s', (name) => {
  const home = mkdtempSync(join(scratch, 'home-'))
  const berth = (args: readonly string[], input?: string) => {
    const [file, before] = ways[name]?.() ?? ['', []]
    return run(file, [...before, ...args], {
      env: { HOME: home, DOCKER_CONFIG: '' },
      input,
      cwd: scratch,
    })
  }

  test('tells its version and its help, and how large and fast it is', async () => {
    const version = await berth(['--version'])
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    const help = await berth(['--help'])
    expect(help.stdout).toContain('doctor')
    const times: number[] = []
    for (let at = 0; at < 10; at += 1) {
      const startedAt = performance.now()
      await berth(['--help'])
      times.push(performance.now() - startedAt)
    }
    const median = times.toSorted((a, b) => a - b)[5] ?? 0
    const size =
      name === 'the executable' ? statSync(join(dist, 'berth')).size : folderSize(installed)
    process.stdout.write(
      `${name}: ${(size / 2 ** 20).toFixed(1)} MiB, starts in ${median.toFixed(0)} ms\n`,
    )
  })

  test('logs in, pushes and pulls', async () => {
    const login = await berth(
      ['login', registry.host, '--username', registry.username, '--password-stdin'],
      registry.password,
    )
    expect(login.status, login.output).toBe(0)
    const image = `${registry.host}/package/${name.replaceAll(' ', '-')}:1`
    const push = await berth(['copy', `oci:${layout}`, image])
    expect(push.status, push.output).toBe(0)
    const target = join(scratch, `pulled-${name.replaceAll(' ', '-')}`)
    const pull = await berth(['copy', image, `oci:${target}:1`])
    expect(pull.status, pull.output).toBe(0)
    const verified = await berth(['verify', `oci:${target}:1`])
    expect(verified.status, verified.output).toBe(0)
    const inspected = await berth(['--json', 'inspect', image])
    expect(inspected.status, inspected.output).toBe(0)
  })

  test('explains a fault in one sentence, and ends with its code', async () => {
    const { status, output } = await berth(['inspect', `${registry.host}/package/none:1`])
    expect(status, output).toBe(3)
    expect(output).not.toContain('    at ')
  })
})

test('the npm package has the server in it, and it serves', async () => {
  const port = await freePort()
  const service = await startService(
    process.execPath,
    [join(installed, 'node_modules/berth/bin/berth'), 'serve'],
    {
      cwd: scratch,
      env: {
        BERTH_DATA_DIRECTORY: join(scratch, 'data'),
        BERTH_HTTP__PORT: String(port),
        BERTH_METRICS__PORT: '0',
        BERTH_ACCESS__ADMINISTRATOR__PASSWORD: 'correct horse battery',
      },
      isReady: async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200,
      stopSeconds: 40,
    },
  )
  const { status } = await fetch(`http://127.0.0.1:${port}/v2/`, {
    headers: {
      Authorization: `Basic ${Buffer.from('admin:correct horse battery').toString('base64')}`,
    },
  })
  const licences = await fetch(`http://127.0.0.1:${port}/licences.txt`)
  const texts = await licences.text()
  await service.stop()
  expect(status).toBe(200)
  for (const name of ['react', '@mantine/core', 'uplot']) expect(texts).toContain(`\n${name} `)
})

test('the executable says where the commands of the server are', async () => {
  const { status, output } = await run(join(dist, 'berth'), ['serve'])
  expect(status).toBe(12)
  expect(output).toContain('npm package')
})

test('both are a credential helper by their other name', async () => {
  const link = join(scratch, 'docker-credential-berth')
  symlinkSync(join(dist, 'berth'), link)
  const env = { HOME: mkdtempSync(join(scratch, 'home-')) }
  const helper = join(installed, 'node_modules/.bin/docker-credential-berth')
  for (const file of [link, helper]) {
    const { stdout, output } = await run(file, ['list'], { env: { ...env, PATH: pathWithNode } })
    expect(stdout, output).toBe('{}\n')
  }
})

const pathWithNode = `${join(process.execPath, '..')}:${process.env.PATH}`

function folderSize(folder: string): number {
  const [size = '0'] = execFileSync('du', ['-sb', folder], { encoding: 'utf8' }).split('\t')
  return Number(size)
}
