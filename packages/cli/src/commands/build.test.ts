import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CommandRun, runCommand } from '../testing/run-command.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-build-command-'))
  await mkdir(join(folder, 'api'))
  await writeFile(join(folder, 'api/Dockerfile'), 'FROM scratch\n')
  await write('registry: 127.0.0.1:1\nservices:\n  api:\n    context: api\n')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const write = (text: string): Promise<void> => writeFile(join(folder, 'berth.yaml'), text)

/** Without git and without builders, so that the same happens on every machine. */
function berth(...argv: string[]): Promise<CommandRun> {
  return runCommand(argv, { cwd: folder, env: { PATH: join(folder, 'none'), HOME: folder } })
}

describe('berth build ends before anything is built', () => {
  test('when no builder answers, with what each of them said', async () => {
    const { code, stderr } = await berth('build', '--no-push')
    expect(code).toBe(10)
    for (const name of ['buildx', 'buildah', 'podman', 'docker'])
      expect(stderr).toContain(`${name}:`)
    const one = await berth('build', '--no-push', '--builder', 'podman')
    expect(one.code).toBe(10)
    expect(one.stderr).toContain('podman is not installed')
    expect(one.stderr).not.toContain('buildah:')
  })

  test('when Dockerfile or context are missing, with all that is missing', async () => {
    await write(
      'registry: 127.0.0.1:1\nservices:\n  a: { context: none }\n  b: { context: api, dockerfile: x.Dockerfile }\n',
    )
    const { code, stderr } = await berth('build', '--no-push')
    expect(code).toBe(3)
    expect(stderr).toContain(join(folder, 'none'))
    expect(stderr).toContain(join(folder, 'api/x.Dockerfile'))
  })

  test('when a variable is not set, with its name, file and line', async () => {
    await write('registry: 127.0.0.1:1\nservices:\n  api: { context: "${WHERE}" }\n')
    const { code, stderr } = await berth('build', '--no-push')
    expect(code).toBe(2)
    expect(stderr).toMatch(/berth\.yaml:3:\d+: the variable WHERE is not set/)
    const given = await berth('build', '--no-push', '--set', 'WHERE=api')
    expect(given.code).toBe(10)
  })

  test.each([
    [['--file', 'none.yaml'], 3, 'none.yaml'],
    [['--service', 'apo'], 2, 'Did you mean "api"?'],
    [['--parallel', '0'], 2, '--parallel'],
    [['--platform', 'linux/a/b/c'], 2, 'linux/a/b/c'],
    [['--set', 'x'], 2, 'NAME=value'],
    [['--builder', 'make'], 2, 'buildah'],
    [['--scan', 'bad'], 2, 'critical, high'],
    [['--sign', 'release.key'], 2, 'not pushed'],
  ])('%j', async (args, code, says) => {
    const result = await berth('build', '--no-push', ...args)
    expect(result.code, result.stderr).toBe(code)
    expect(result.stderr).toContain(says)
    expect(result.stdout).toBe('')
  })

  test('when there are no advisories or no key to scan and sign with', async () => {
    const scan = await berth('build', '--no-push', '--scan', 'high')
    expect(scan.code, scan.stderr).toBe(11)
    expect(scan.stderr).toContain('berth advisories import')
    await write(
      'registry: 127.0.0.1:1\nsupplyChain: { sign: "berth:", scan: bad, sbom: 7 }\nservices: { api: {} }\n',
    )
    const wrong = await berth('build')
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toMatch(/:2:\d+: supplyChain\.scan must be true, false, or the severity/)
    expect(wrong.stderr).toMatch(/:2:\d+: supplyChain\.sbom must be true or false/)
    await write('registry: 127.0.0.1:1\nsupplyChain: true\nservices: { api: {} }\n')
    expect((await berth('build')).stderr).toMatch(/:2:14: supplyChain must be a map/)
  })

  test('when the registry cannot be asked for its tags', async () => {
    expect((await berth('build', '--version', '1.0.0')).code).toBe(6)
  })
})

describe('berth tags plan', () => {
  test('takes --version behind the command, and tells what is set and why', async () => {
    const args = ['--version', '1.2.3', '--no-registry', '--json']
    const { code, json } = await berth('tags', 'plan', ...args)
    expect(code).toBe(0)
    expect(json()).toMatchObject({
      version: '1.2.3',
      services: [
        {
          service: 'api',
          image: '127.0.0.1:1/api',
          tags: [
            { strategy: 'semver', tag: '1.2.3', action: 'set' },
            { strategy: 'semver', tag: '1.2', action: 'set' },
            { strategy: 'semver', tag: '1', action: 'set' },
            { strategy: 'revision', tag: null, action: 'leave' },
            { strategy: 'latest', action: 'leave' },
          ],
        },
      ],
    })
    const text = await berth('tags', 'plan', '--version', '1.2.3', '--no-registry')
    expect(text.stdout).toMatch(/^SERVICE +STRATEGY +TAG +WHAT +WHY\napi +semver +1\.2\.3 +set /)
  })

  test('leaves --version alone to the program', async () => {
    expect((await berth('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
