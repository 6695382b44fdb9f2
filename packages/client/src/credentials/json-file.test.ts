import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ClientError } from '../client-error.ts'
import { editJsonFile, readJsonFile } from './json-file.ts'

let folder = ''
let path = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-json-'))
  path = join(folder, 'config.json')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function setField(name: string, value: unknown): Promise<boolean> {
  return editJsonFile(path, (root) => {
    root[name] = value
    return true
  })
}

/** JavaScript puts keys that are whole numbers first, whoever wrote them where. */
const key = fc.string({ maxLength: 8 }).filter((text) => !/^\d+$/.test(text) && text !== 'new')

describe('editJsonFile', () => {
  test('leaves all other fields as they are, in their order', async () => {
    const object = fc.uniqueArray(fc.tuple(key, fc.json()), { selector: ([name]) => name })
    await fc.assert(
      fc.asyncProperty(object, fc.constantFrom('\t', '  ', '    '), async (fields, indent) => {
        const before = Object.fromEntries(fields.map(([name, json]) => [name, JSON.parse(json)]))
        const text = JSON.stringify(before, undefined, indent)
        await writeFile(path, text)
        await setField('new', 1)
        const after = await readFile(path, 'utf8')
        expect(JSON.parse(after)).toEqual({ ...JSON.parse(text), new: 1 })
        expect(Object.keys(JSON.parse(after))).toEqual([...Object.keys(JSON.parse(text)), 'new'])
        const kept = text.slice(0, text.lastIndexOf('}')).trimEnd()
        if (fields.length > 0) expect(after.startsWith(kept)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('keeps numbers that JavaScript cannot hold, and the last line break', async () => {
    await writeFile(path, '{\n  "id": 12345678901234567890,\n  "e": 1.0,\n  "n": 7\n}\n')
    await setField('new', 1)
    expect(await readFile(path, 'utf8')).toBe(
      '{\n  "id": 12345678901234567890,\n  "e": 1.0,\n  "n": 7,\n  "new": 1\n}\n',
    )
  })

  test('makes the file and its folder for the user alone', async () => {
    path = join(folder, 'a/b/config.json')
    await setField('new', 1)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'a'))).mode & 0o777).toBe(0o700)
    expect(await readFile(path, 'utf8')).toBe('{\n\t"new": 1\n}')
  })

  test('takes rights away that are too wide', async () => {
    await writeFile(path, '{}', { mode: 0o644 })
    await setField('new', 1)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  test.each(['there', 'missing'])(
    'writes through a symbolic link whose target is %s',
    async (what) => {
      await mkdir(join(folder, 'real'))
      const real = join(folder, 'real/file.json')
      if (what === 'there') await writeFile(real, '{"old": 1}')
      await symlink('real/file.json', path)
      await setField('new', 1)
      expect((await lstat(path)).isSymbolicLink()).toBe(true)
      expect(await readJsonFile(real)).toMatchObject({ new: 1 })
    },
  )

  test('leaves a broken file alone, and names the place without what stands there', async () => {
    const text = '{\n  "auths": { "a": { "auth": "c2VjcmV0" oops } }\n}'
    await writeFile(path, text)
    const error = await setField('new', 1).catch((each: unknown) => each)
    expect(error).toBeInstanceOf(ClientError)
    expect(error).toMatchObject({ kind: 'inputInvalid' })
    expect((error as Error).message).toBe(`${path} is not JSON at line 2, column 40.`)
    expect(await readFile(path, 'utf8')).toBe(text)
    expect(await readdir(folder)).toEqual(['config.json'])
  })

  test.each(['[]', '"text"', 'null', '7'])('leaves %s alone, which is no object', async (text) => {
    await writeFile(path, text)
    await expect(setField('new', 1)).rejects.toMatchObject({ kind: 'inputInvalid' })
    expect(await readFile(path, 'utf8')).toBe(text)
  })

  test('loses nothing when another program writes between reading and renaming', async () => {
    await writeFile(path, '{"old": 1}')
    let edits = 0
    await editJsonFile(path, (root) => {
      edits += 1
      if (edits <= 3) {
        const now = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
        writeFileSync(path, JSON.stringify({ ...now, [`docker${edits}`]: edits }))
      }
      root.berth = 1
      return true
    })
    expect(await readJsonFile(path)).toEqual({
      old: 1,
      docker1: 1,
      docker2: 2,
      docker3: 3,
      berth: 1,
    })
  })

  test('loses nothing when processes write at once', async () => {
    const script = `
      const { editJsonFile } = await import(${JSON.stringify(join(import.meta.dirname, 'json-file.ts'))})
      for (let at = 0; at < 8; at += 1) {
        await editJsonFile(process.argv[1], (root) => { root[process.argv[2] + at] = at; return true })
      }`
    const codes = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (name) => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script, path, name], {
          stdio: 'inherit',
        })
        const [code] = (await once(child, 'exit')) as [number]
        return code
      }),
    )
    expect(codes).toEqual([0, 0, 0, 0])
    expect(Object.keys((await readJsonFile(path)) ?? {})).toHaveLength(32)
    expect(await readdir(folder)).toEqual(['config.json'])
  })

  test('goes on when a process was killed with the lock in its hand', async () => {
    const lock = `${path}.lock`
    await writeFile(lock, '1 left behind\n')
    const longAgo = new Date(Date.now() - 60_000)
    await utimes(lock, longAgo, longAgo)
    await setField('new', 1)
    expect(await readdir(folder)).toEqual(['config.json'])
  })

  test('an edit that changes nothing writes nothing', async () => {
    expect(await editJsonFile(path, () => false)).toBe(false)
    expect(await readdir(folder)).toEqual([])
  })
})

describe('readJsonFile', () => {
  test('no file is not an empty one', async () => {
    expect(await readJsonFile(path)).toBeUndefined()
    expect(await readJsonFile(join(path, 'below'))).toBeUndefined()
    await writeFile(path, ' \n')
    expect(await readJsonFile(path)).toEqual({})
  })

  test('refuses a file of any size', async () => {
    await writeFile(path, `{"a":"${'x'.repeat(5 * 1024 * 1024)}"}`)
    await expect(readJsonFile(path)).rejects.toMatchObject({ kind: 'inputInvalid' })
  })
})
