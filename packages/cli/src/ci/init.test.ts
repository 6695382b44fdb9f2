import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ciBuildFiles } from '../../../../test/fixtures/ci-build-files.ts'
import { commandTable } from '../command-table.ts'
import { formatLock } from '../lock/lock-file.ts'
import { buildProgram, runBerth } from '../program.ts'
import { actions, images } from './pins.ts'

const scratch = mkdtempSync(join(tmpdir(), 'berth-ci-'))
const githubPath = '.github/workflows/berth.yml'

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true })
})

function project(text: string): string {
  const folder = mkdtempSync(join(scratch, 'project-'))
  writeFileSync(join(folder, 'berth.yaml'), text)
  return folder
}

function terminalIn(cwd: string) {
  const texts = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr') =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        texts[name] += chunk.toString()
        done()
      },
    })
  const streams = { stdin: Readable.from([]), stdout: stream('stdout'), stderr: stream('stderr') }
  return { terminal: { ...streams, env: { HOME: scratch }, cwd }, texts }
}

async function init(cwd: string, ...args: readonly string[]) {
  const { terminal, texts } = terminalIn(cwd)
  const code = await runBerth(['ci', 'init', '--offline', ...args], terminal)
  return { code, ...texts }
}

const read = (folder: string, path: string): string => readFileSync(join(folder, path), 'utf8')

type Step = { uses?: string; run?: string; env?: Record<string, string>; if?: string }
type Workflow = {
  permissions: Record<string, string>
  jobs: Record<
    string,
    {
      steps: Step[]
      permissions: Record<string, string>
      'timeout-minutes': number
      needs?: string[]
    }
  >
}

describe.each(Object.entries(ciBuildFiles))('%s', (_name, text) => {
  test.each([[[]], [['--native-arm']]])('is right for GitHub, %s', async (args) => {
    const folder = project(text)
    const { code, stderr } = await init(folder, '--github', ...args)
    expect(code, stderr).toBe(0)
    const content = read(folder, githubPath)
    const { context } = parseWorkflow({ name: githubPath, content }, new NoOperationTraceWriter())
    expect(context.errors.getErrors().map(String)).toEqual([])

    const workflow = parse(content) as Workflow
    expect(workflow.permissions).toEqual({})
    for (const job of Object.values(workflow.jobs)) {
      expect(job['timeout-minutes']).toBeGreaterThan(0)
      expect(job.permissions.contents).toBe('read')
      for (const { uses, run } of job.steps) {
        if (uses !== undefined) expect(uses).toMatch(/^[a-z]+\/[a-z-]+@[0-9a-f]{40}$/)
        // What comes from outside reaches the shell through variables only.
        if (run !== undefined) expect(run).not.toContain('${{')
      }
    }
    expect(content).not.toMatch(/uses: \S+$/m)
    await checkCommands(content)
  })

  test.each([[[]], [['--native-arm']]])('is right for GitLab, %s', async (args) => {
    const folder = project(text)
    const { code, stderr } = await init(folder, '--gitlab', ...args)
    expect(code, stderr).toBe(0)
    const content = read(folder, '.gitlab-ci.yml')
    expect(content).not.toMatch(/[&*][a-z]\d+$/m)
    const jobs = Object.entries(parse(content) as Record<string, { script?: string[] }>)
    expect(jobs.filter(([name]) => name.startsWith('publish:')).length).toBeGreaterThan(0)
    await checkCommands(content)
  })
})

/** Every line that calls berth is understood by it. */
async function checkCommands(content: string): Promise<void> {
  const lines =
    content.match(
      /(?<=^|[\s|;{]|do )berth (?:--json )?(?:advisories|build|login|lock|sbom|scan|sign|tags) [^\n|>;]*/gm,
    ) ?? []
  expect(lines.length).toBeGreaterThan(1)
  for (const line of lines) {
    const words = line
      .trim()
      .replaceAll(/"\$\{(?:names|sources)\[@\]\}"/g, '')
      .replace('"${options[@]}"', '--service api --cache-from a b --cache-to c --no-push')
      .replaceAll('"${targets[@]}"', 'linux/arm64')
      .replaceAll(/--service (?=-|$)/g, '--service api ')
      .replace(/< \/dev\/null| \|\| (?:code|status)=\$\?/g, '')
      .replaceAll('"', '')
      .trim()
      .split(/\s+/)
      .slice(1)
    const { terminal, texts } = terminalIn(scratch)
    const { program } = await buildProgram(
      terminal,
      AbortSignal.timeout(10_000),
      (entry) => entry === commandTable[words.find((word) => !word.startsWith('-')) ?? ''],
    )
    silence(program)
    await program.parseAsync(words, { from: 'user' }).catch((error: Error) => {
      throw new Error(`${line}: ${error.message} ${texts.stderr}`)
    })
  }
}

/** Takes away what commands do, so that only their words are read. */
function silence(command: Awaited<ReturnType<typeof buildProgram>>['program']): void {
  if (hasAction(command)) command.action(() => {})
  for (const each of command.commands) silence(each)
}

function hasAction(command: object): boolean {
  return typeof (command as { _actionHandler?: unknown })._actionHandler === 'function'
}

test('how each registry is logged in to, and what it takes', async () => {
  const workflowOf = async (name: string): Promise<Workflow> => {
    const folder = project(ciBuildFiles[name] ?? '')
    await init(folder, '--github')
    return parse(read(folder, githubPath)) as Workflow
  }
  const github = await workflowOf('github packages, with everything')
  expect(github.jobs.publish?.permissions).toEqual({
    contents: 'read',
    packages: 'write',
    'security-events': 'write',
  })
  const amazon = await workflowOf('amazon')
  expect(amazon.jobs.publish?.permissions).toEqual({ contents: 'read', 'id-token': 'write' })
  expect(JSON.stringify(amazon)).toContain('--method aws')
  expect(JSON.stringify(amazon)).not.toContain('secrets.')
  expect(JSON.stringify(await workflowOf('google'))).toContain('--method adc')
  expect(JSON.stringify(await workflowOf('azure'))).toContain('--method identity')
  const plain = await workflowOf('smallest')
  expect(plain.jobs.publish?.permissions).toEqual({ contents: 'read' })
  expect(JSON.stringify(plain)).toContain('secrets.REGISTRY_PASSWORD')
})

describe('scan, SBOM and signature', () => {
  const steps = async (text: string, ...args: readonly string[]) => {
    const folder = project(text)
    const { code, stderr } = await init(folder, ...args)
    expect(code, stderr).toBe(0)
    const { jobs } = parse(read(folder, githubPath)) as Workflow
    const all = jobs.publish?.steps ?? []
    const berth = /berth (?:advisories|scan|sbom|sign) /
    return {
      stderr,
      permissions: jobs.publish?.permissions,
      build: all.find(({ run }) => run?.includes('berth --json build'))?.run,
      own: all.filter(({ run }) => berth.test(run ?? '')),
      gitlab: read(folder, '.gitlab-ci.yml'),
    }
  }

  test('are not there unless somebody asks', async () => {
    const { own, build, gitlab, permissions } = await steps(ciBuildFiles.smallest ?? '')
    expect(own).toEqual([])
    expect(build).not.toContain('--no-scan')
    expect(gitlab).not.toMatch(/berth (?:scan|sbom|sign)/)
    expect(permissions).toEqual({ contents: 'read' })
  })

  test('come by options, in the order in which a failed scan leaves nothing signed', async () => {
    const args = ['--scan', 'high', '--sbom', '--sign', 'berth:release']
    const image = ['--advisories', 'registry.example.com/security/advisories:latest']
    const { own, build, gitlab, permissions } = await steps(
      ciBuildFiles.smallest ?? '',
      ...args,
      ...image,
    )
    expect(own.map(({ if: when }) => when)).toEqual(
      Array.from({ length: 4 }, () => "github.event_name != 'pull_request'"),
    )
    for (const text of [own.map(({ run }) => run).join('\n'), gitlab]) {
      expect(text).toMatch(
        /advisories pull registry\.example\.com\/security\/advisories:latest[\s\S]*berth scan "\$image" --fail-on high[\s\S]*berth sbom "\$image" --attach[\s\S]*berth sign --berth-key release "\$image"/,
      )
    }
    expect(build).toContain('--no-scan --no-sign')
    expect(permissions).toEqual({ contents: 'read', 'security-events': 'write' })
  })

  test('come by the file, and the key by a secret that is named', async () => {
    const text = ciBuildFiles['github packages, with everything'] ?? ''
    const { own, gitlab, stderr } = await steps(text)
    expect(own.at(-1)?.env).toEqual({
      BERTH_SIGNING_KEY: '${{ secrets.BERTH_SIGNING_KEY }}',
      BERTH_KEY_PASSWORD: '${{ secrets.BERTH_KEY_PASSWORD }}',
    })
    expect(own.at(-1)?.run).toContain('berth sign --key - "$image"')
    expect(gitlab).toContain('berth sign --key "$BERTH_SIGNING_KEY" "$image"')
    expect(gitlab).toContain('berth advisories update --grype')
    expect(stderr).toContain('BERTH_SIGNING_KEY')
    const over = await steps(text, '--scan', 'critical')
    expect(over.gitlab).toContain('--fail-on critical')
  })

  test.each([
    [['--scan', 'bad'], /no severity/],
    [['--sign', 'berth:$(id)'], /no name of a key/],
    [['--sbom', '--advisories', 'a b'], /a b/],
  ])('%j is refused', async (args, says) => {
    const { code, stderr } = await init(project(ciBuildFiles.smallest ?? ''), ...args)
    expect(code).toBe(2)
    expect(stderr).toMatch(says)
  })
})

test('a file that differs is left, shown and an exit code; --force takes it over', async () => {
  const folder = project(ciBuildFiles.smallest ?? '')
  expect((await init(folder)).code).toBe(0)
  expect((await init(folder)).stdout).toContain(`${githubPath}: unchanged`)
  writeFileSync(join(folder, githubPath), 'name: mine\n')
  const { code, stdout } = await init(folder)
  expect(code).toBe(9)
  expect(stdout).toContain('- name: mine')
  expect(stdout).toContain('+ name: berth')
  expect(read(folder, githubPath)).toBe('name: mine\n')
  expect((await init(folder, '--force')).code).toBe(0)
  expect(read(folder, githubPath)).toContain('name: berth\n')
})

test('--dry-run prints and writes nothing', async () => {
  const folder = project(ciBuildFiles.smallest ?? '')
  const { stdout } = await init(folder, '--dry-run')
  expect(stdout).toContain('runs-on:')
  expect(() => read(folder, githubPath)).toThrow(/ENOENT/)
})

test('digests come from the lock file, which is then checked in the pipeline', async () => {
  const folder = project(ciBuildFiles.smallest ?? '')
  const digest = `sha256:${'1'.repeat(64)}` as const
  const locked = {
    digest,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    platforms: [],
    usedIn: [],
  }
  const lock = { version: 1, images: { [images.node]: locked }, services: {} }
  writeFileSync(
    join(folder, 'build-lock.json'),
    formatLock(lock as unknown as Parameters<typeof formatLock>[0]),
  )
  const { stderr } = await init(folder)
  expect(read(folder, '.gitlab-ci.yml')).toContain(`image: ${images.node}@${digest}`)
  expect(read(folder, '.gitlab-ci.yml')).toContain('berth lock verify')
  expect(read(folder, githubPath)).toContain('berth lock verify')
  expect(stderr).toContain(images.dockerDaemon)
  expect(stderr).not.toContain(images.node)
})

test('the package of berth may be named, and is never taken from a public registry', async () => {
  const folder = project(ciBuildFiles.smallest ?? '')
  const sha256 = 'a'.repeat(64)
  await init(folder, '--package-url', 'https://berth.example/berth.tgz', '--package-sha256', sha256)
  expect(read(folder, githubPath)).toContain(`BERTH_PACKAGE_SHA256: ${sha256}`)
  expect(read(folder, githubPath)).not.toMatch(/npm install [^\n]* berth(?:@|$)/m)
  expect((await init(folder, '--package-url', 'ftp://x', '--package-sha256', sha256)).code).toBe(2)
  expect((await init(folder, '--package-url', 'https://x')).code).toBe(2)
})

test('names that would break out of a pipeline are refused', async () => {
  const folder = project(
    "registry: x.example\ntagging: { mainBranch: 'a\" || true' }\nservices:\n  api: {}\n",
  )
  expect((await init(folder)).code).toBe(2)
})

test('every action is named by a whole commit', () => {
  for (const { commit, version } of Object.values(actions)) {
    expect(commit).toMatch(/^[0-9a-f]{40}$/)
    expect(version).toMatch(/^v\d+\.\d+\.\d+$/)
  }
})
