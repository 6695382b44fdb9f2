import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { commandTable } from './command-table.ts'

const scratch = mkdtempSync(join(tmpdir(), 'berth-start-'))
const main = join(import.meta.dirname, 'main.js')

/** Notes each file that is loaded. A count does not depend on how busy the machine is, as a time does. */
const counter = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  import { writeFileSync } from 'node:fs'
  const seen = []
  registerHooks({ load: (url, context, next) => { seen.push(url); return next(url, context) } })
  process.once('exit', () => writeFileSync(process.env.SEEN_FILE, JSON.stringify(seen)))
`)}`

/** What a start must never read: each takes longer than all the rest. */
const heavy =
  /node_modules\/(?:zod|yaml|undici|@aws-sdk|@smithy|google-auth-library|@clack|dockerfile-ast|tar-stream|fastify)\/|packages\/(?:server|api)\//
/** The command line itself: program, table, output, terminal, commander. */
const filesMax = { help: 24, command: 95 }

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true })
})

function filesOf(...args: readonly string[]): readonly string[] {
  const file = join(scratch, 'seen.json')
  execFileSync(process.execPath, ['--import', counter, main, ...args], {
    env: { ...process.env, SEEN_FILE: file },
    stdio: 'ignore',
  })
  const seen = JSON.parse(readFileSync(file, 'utf8')) as string[]
  return seen.filter((url) => url.startsWith('file:'))
}

test('the help of all commands loads the command line and nothing else', () => {
  const files = filesOf('--help')
  expect(files.filter((url) => heavy.test(url))).toEqual([])
  expect(files.length, files.join('\n')).toBeLessThanOrEqual(filesMax.help)
})

test.each(Object.keys(commandTable))('the help of %s loads what it shows', (name) => {
  const files = filesOf(name, '--help')
  expect(files.filter((url) => heavy.test(url))).toEqual([])
  expect(files.length, files.join('\n')).toBeLessThanOrEqual(filesMax.command)
})

test('and it finds out when something heavy is loaded', () => {
  expect(filesOf('config', '--help').some((url) => heavy.test(url))).toBe(true)
})
