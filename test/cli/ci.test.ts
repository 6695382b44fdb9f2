import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ciBuildFiles } from '../fixtures/ci-build-files.ts'
import { mustRun, requireTool, run, toolsDirectory } from '../tools/process.ts'

const berth = join(import.meta.dirname, '../../packages/cli/bin/berth')
const checker = join(toolsDirectory, 'python/bin/check-jsonschema')
const scratch = mkdtempSync(join(tmpdir(), 'berth-ci-'))

beforeAll(() => {
  if (!existsSync(checker))
    throw new Error('check-jsonschema is missing; run: bash test/tools/install.sh')
})

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true })
})

async function init(text: string, ...args: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(scratch, 'project-'))
  writeFileSync(join(folder, 'berth.yaml'), text)
  writeFileSync(join(folder, 'build-lock.json'), '{"version":1,"images":{},"services":{}}')
  await mustRun(berth, ['ci', 'init', '--offline', ...args], { cwd: folder })
  return folder
}

const cases = Object.entries(ciBuildFiles).flatMap(([name, text]) => [
  [name, 'emulated', text, []] as const,
  [name, 'native', text, ['--native-arm']] as const,
])

let folders: readonly string[] = []

beforeAll(async () => {
  const made: string[] = []
  for (const [, , text, args] of cases) made.push(await init(text, ...args))
  folders = made
})

// The schemas come with the checker, so nothing is fetched.
test.each([
  ['vendor.github-workflows', '.github/workflows/berth.yml'],
  ['vendor.gitlab-ci', '.gitlab-ci.yml'],
])('all are what %s allows', async (schema, path) => {
  const files = folders.map((folder) => join(folder, path))
  const { status, output } = await run(checker, ['--builtin-schema', schema, ...files])
  expect(status, output).toBe(0)
})

test('shellcheck finds nothing in their scripts', async () => {
  const scripts = folders.flatMap((folder) => [
    ...githubScripts(readFileSync(join(folder, '.github/workflows/berth.yml'), 'utf8')),
    ...gitlabScripts(readFileSync(join(folder, '.gitlab-ci.yml'), 'utf8')),
  ])
  for (const shell of ['bash', 'dash']) {
    const texts = new Set(
      scripts.filter((each) => each.shell === shell).map(({ script }) => script),
    )
    expect(texts.size).toBeGreaterThan(5)
    const files = [...texts].map((text, at) => {
      const file = join(scratch, `${at}.${shell}`)
      writeFileSync(file, text)
      return file
    })
    const { status, output } = await run(requireTool('shellcheck'), ['--shell', shell, ...files])
    expect(status, output).toBe(0)
  }
})

function githubScripts(content: string) {
  const { jobs } = parse(content) as { jobs: Record<string, { steps: { run?: string }[] }> }
  return Object.values(jobs)
    .flatMap(({ steps }) => steps)
    .flatMap(({ run: script }) => (script === undefined ? [] : [{ shell: 'bash', script }]))
}

/** GitLab runs the lines of a job as one script of the image's own shell, which is close to dash. */
function gitlabScripts(content: string) {
  const jobs = parse(content) as Record<string, { before_script?: string[]; script?: string[] }>
  return Object.values(jobs)
    .filter((job) => job.script !== undefined)
    .map(({ before_script = [], script = [] }) => ({
      shell: 'dash',
      script: [...before_script, ...script].join('\n'),
    }))
}

test('a file that is wrong is refused by the same checker', async () => {
  const file = join(scratch, 'wrong.yml')
  writeFileSync(file, 'on: push\njobs:\n  a:\n    steps: 7\n')
  const { status } = await run(checker, ['--builtin-schema', 'vendor.github-workflows', file])
  expect(status).not.toBe(0)
})
