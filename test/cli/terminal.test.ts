import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeSmallLayouts } from '../fixtures/layout.ts'
import { type Berth, startBerth } from '../tools/berth.ts'
import { mustRun, requireTool } from '../tools/process.ts'

const berth = join(import.meta.dirname, '../../packages/cli/bin/berth')
const scratch = mkdtempSync(join(tmpdir(), 'berth-terminal-'))
const socket = join(scratch, 'tmux')
const home = join(scratch, 'home')
/** Captures are kept where this variable says, to be looked at. */
const kept = process.env.TERMINAL_CAPTURES
let registry: Berth
let layout: string

beforeAll(async () => {
  mkdirSync(home)
  if (kept !== undefined) mkdirSync(kept, { recursive: true })
  layout = (await writeSmallLayouts(join(scratch, 'layout'), 'terminal')).index.directory
  registry = await startBerth()
  await mustRun(
    berth,
    ['login', registry.host, '--username', registry.username, '--password-stdin'],
    {
      input: registry.password,
      env: { HOME: home, DOCKER_CONFIG: '' },
    },
  )
})

afterAll(async () => {
  await registry?.stop()
  rmSync(scratch, { recursive: true, force: true })
})

/** Runs a line in a terminal of its own and gives what is to be seen in the end, the part above the screen too. */
async function show(line: string, columns: number, name: string): Promise<readonly string[]> {
  const tmux = (...args: string[]): Promise<string> =>
    mustRun(requireTool('tmux'), ['-S', socket, '-f', '/dev/null', ...args], {
      env: { HOME: home, TERM: 'xterm-256color', DOCKER_CONFIG: '' },
    })
  const done = join(scratch, 'done')
  rmSync(done, { force: true })
  const script = join(scratch, 'script.sh')
  writeFileSync(script, `cd ${scratch}\n${line}\necho "[$?]"\ntouch ${done}\nexec sleep 60\n`)
  await tmux('new-session', '-d', '-x', String(columns), '-y', '50', 'sh', script)
  try {
    const { existsSync } = await import('node:fs')
    for (let waited = 0; !existsSync(done) && waited < 120_000; waited += 100) await sleep(100)
    await sleep(200)
    const text = await tmux('capture-pane', '-p', '-S', '-300')
    if (kept !== undefined) {
      writeFileSync(
        join(kept, `${name}-${columns}.ansi`),
        await tmux('capture-pane', '-p', '-e', '-S', '-300'),
      )
      writeFileSync(join(kept, `${name}-${columns}.txt`), text)
    }
    const isHidden = (await tmux('display-message', '-p', '#{cursor_flag}')).trim() === '0'
    expect(isHidden, 'the cursor is hidden').toBe(false)
    return text.trimEnd().split('\n')
  } finally {
    await tmux('kill-server')
  }
}

/** A line that fills the terminal to its last column was most likely broken there by the terminal. */
function expectFit(lines: readonly string[], columns: number): void {
  for (const [at, line] of lines.entries()) {
    expect(line, 'control characters').not.toMatch(/\p{Cc}/u)
    // A digest, or a path, is whole so that it can be copied.
    if (/@sha256:|^\/|^ *\S+$/.test(line)) continue
    const isBroken = line.length >= columns && /\S/.test(lines[at + 1] ?? '')
    expect(isBroken, `broken: ${line}`).toBe(false)
  }
}

describe.each([80, 160])('%i columns', (columns) => {
  test('help', async () => {
    const lines = await show(`${berth} --help`, columns, 'help')
    expectFit(lines, columns)
    expect(lines.join('\n')).toContain('doctor')
    expect(lines.at(-1)).toBe('[0]')
  })

  test('the help of a command', async () => {
    expectFit(await show(`${berth} build --help`, columns, 'build-help'), columns)
  })

  test('doctor', async () => {
    const lines = await show(`${berth} doctor ${registry.host}/acme/api`, columns, 'doctor')
    expectFit(lines, columns)
    expect(lines.join('\n')).toContain('registries')
  })

  test('a copy with its progress', async () => {
    const line = `${berth} copy oci:${layout} ${registry.host}/terminal/api:${columns}`
    const lines = await show(line, columns, 'copy')
    expectFit(lines, columns)
    expect(lines.at(-1)).toBe('[0]')
    // Nothing is left of the bars.
    expect(lines.join('\n')).not.toMatch(/\[=*>? *\]/)
  })

  test('a table', async () => {
    const lines = await show(`${berth} tags list ${registry.host}/terminal/api`, columns, 'tags')
    expectFit(lines, columns)
    expect(lines[0]).toMatch(/^TAG/)
  })

  test('faults', async () => {
    const image = `${registry.host}/terminal/${'long-name-'.repeat(3)}x:1`
    expectFit(await show(`${berth} cpoy`, columns, 'slip'), columns)
    const lines = await show(`${berth} inspect ${image}`, columns, 'fault')
    expect(lines.join('\n')).toMatch(/error:/)
    expect(lines.at(-1)).toBe('[3]')
    expect(lines.join('\n')).not.toContain('    at ')
  })

  test('a pipe gets no colours and no moves', async () => {
    const line = `${berth} copy oci:${layout} ${registry.host}/terminal/piped:${columns} 2>&1 | cat -v`
    const lines = await show(line, columns, 'pipe')
    expect(lines.join('\n')).not.toContain('^[')
  })
})
