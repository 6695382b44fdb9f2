import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Readable, Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runBerth } from '../program.ts'
import { completionScript, shells } from './scripts.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-completion-'))
const berth = join(import.meta.dirname, '../../bin/berth')
const isInstalled = (shell: string): boolean =>
  spawnSync(shell, ['-c', 'true'], { stdio: 'ignore' }).status === 0
let server: Server
let registry: string

beforeAll(async () => {
  server = createServer((request, response) => {
    const answers: Record<string, unknown> = {
      '/v2/_catalog': { repositories: ['acme/api', 'acme/web', 'other/api'] },
      '/v2/acme/api/tags/list': { name: 'acme/api', tags: ['1.0', '1.1', 'latest'] },
    }
    const path = new URL(request.url ?? '/', 'http://x').pathname
    if (path.startsWith('/v2/slow/')) return
    response.end(JSON.stringify(answers[path] ?? {}))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  registry = `127.0.0.1:${(server.address() as AddressInfo).port}`
  writeFileSync(
    join(folder, 'berth.yaml'),
    `registry: ${registry}\nservices: { api: {}, web: {} }\n`,
  )
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function complete(...words: readonly string[]): Promise<readonly string[]> {
  let text = ''
  const stdout = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString()
      done()
    },
  })
  const stderr = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      done(new Error(`said on standard error: ${chunk.toString()}`))
    },
  })
  const terminal = { stdin: Readable.from([]), stdout, stderr, env: { HOME: folder }, cwd: folder }
  expect(await runBerth(['complete', '--', ...words], terminal)).toBe(0)
  return text
    .split('\n')
    .flatMap((line) => line.split('\t')[0] ?? [])
    .filter((word) => word !== '')
}

describe('what may come next', () => {
  test('commands, those below them, options, choices', async () => {
    expect(await complete('comp')).toEqual(['completion'])
    expect(await complete('ci', '')).toEqual(['init'])
    expect(await complete('ci', 'init', '--for')).toEqual(['--force'])
    expect(await complete('--quiet', 'ci', 'init', '--js')).toEqual(['--json'])
    expect(await complete('completion', '')).toEqual([...shells])
    expect(await complete('user', 'ad')).toEqual(['add'])
    expect(await complete('nothing', 'at', 'all')).toEqual([])
  })

  test('registries, repositories and tags', async () => {
    expect(await complete('inspect', registry.slice(0, 5))).toContain(`${registry}/`)
    expect(await complete('inspect', `${registry}/acme`)).toEqual([
      `${registry}/acme/api`,
      `${registry}/acme/web`,
    ])
    expect(await complete('inspect', `${registry}/acme/api:1`)).toEqual([
      `${registry}/acme/api:1.0`,
      `${registry}/acme/api:1.1`,
    ])
  })

  test('services of the file, and names of files where those are meant', async () => {
    expect(await complete('build', '--service', '')).toEqual(['api', 'web'])
    expect(await complete('build', '--file', '')).toEqual([':files'])
  })

  test('nothing, and soon, from a registry that does not answer', async () => {
    const startedAt = performance.now()
    expect(await complete('inspect', `${registry}/slow/x:`)).toEqual([])
    expect(await complete('inspect', '127.0.0.1:9/x:')).toEqual([])
    expect(performance.now() - startedAt).toBeLessThan(6000)
  })
})

/** Each drives the shell's own completion with a script of ours and prints what it offers. */
const drivers: Readonly<Record<(typeof shells)[number], (line: string) => readonly string[]>> = {
  bash: (line) => [
    '--norc',
    '-c',
    `source <(${berth} completion bash); COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; _berth; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  zsh: (line) => [
    '-f',
    '-c',
    // Completion of zsh runs in its line editor only; the function is called with what it would be given.
    `compdef() { :; }; source <(${berth} completion zsh); compadd() { while [ $# -gt 0 ] && [ "$1" != -- ]; do shift; done; shift; print -rl -- "$@"; }; _describe() { local -a d=("\${(@P)4}"); print -rl -- "\${d[@]%%:*}"; }; words=(${line.endsWith(' ') ? `${line}''` : line}); CURRENT=\${#words}; _berth`,
  ],
  fish: (line) => [
    '--no-config',
    '-c',
    `${berth} completion fish | source; complete -C '${line}' | string split -f1 \\t; true`,
  ],
}

describe.each(shells)('%s', (shell) => {
  test('takes the script, which is right', () => {
    if (!isInstalled(shell)) return
    const file = join(folder, `script.${shell}`)
    writeFileSync(file, completionScript(shell))
    execFileSync(shell, ['-n', file])
  })

  test('offers commands, options and tags', async () => {
    if (!isInstalled(shell)) return
    // Not synchronously: the registry that is asked is in this process.
    const offered = async (line: string): Promise<readonly string[]> => {
      const { stdout } = await promisify(execFile)(shell, [...drivers[shell](line)], {
        cwd: folder,
        env: { PATH: `${join(berth, '..')}:${process.env.PATH}`, HOME: folder, TERM: 'dumb' },
      })
      return stdout
        .split('\n')
        .map((word) => word.trim())
        .filter((word) => word !== '')
    }
    expect(await offered('berth comp')).toEqual(['completion'])
    expect(await offered('berth ci init --for')).toEqual(['--force'])
    expect(await offered('berth completion ')).toEqual(expect.arrayContaining([...shells]))
    // Bash breaks words at colons, and offers what comes behind the last.
    const tags = await offered(`berth inspect ${registry}/acme/api:1`)
    expect(tags.map((tag) => tag.slice(tag.lastIndexOf(':') + 1))).toEqual(['1.0', '1.1'])
  })
})
