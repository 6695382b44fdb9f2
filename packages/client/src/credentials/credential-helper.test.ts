import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eraseFromHelper, getFromHelper, listHelper, storeInHelper } from './credential-helper.ts'
import type { Credentials } from './credentials.ts'

let folder = ''
let env: Record<string, string> = {}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-helper-'))
  env = { PATH: `${folder}:${process.env.PATH}`, FOLDER: folder }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A helper as a program of its own, of which the test writes what it does. */
async function makeHelper(name: string, script: string): Promise<string> {
  const path = join(folder, `docker-credential-${name}`)
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return name
}

describe('getFromHelper', () => {
  test('asks on standard input, and gives what it answers', async () => {
    const name = await makeHelper(
      'plain',
      `read url
      test "$*" = get || exit 9
      echo "{\\"ServerURL\\":\\"$url\\",\\"Username\\":\\"ann\\",\\"Secret\\":\\"of $url\\"}"`,
    )
    expect(await getFromHelper(name, 'ghcr.io', { env })).toEqual({
      kind: 'password',
      username: 'ann',
      password: 'of ghcr.io',
    })
  })

  test('the user <token> stands for an identity token', async () => {
    const name = await makeHelper('token', `echo '{"Username":"<token>","Secret":"t"}'`)
    expect(await getFromHelper(name, 'x', { env })).toMatchObject({
      kind: 'identityToken',
      token: 't',
    })
  })

  test('nothing found is no fault', async () => {
    const name = await makeHelper('none', 'echo "credentials not found in native keychain"; exit 1')
    expect(await getFromHelper(name, 'x', { env })).toBeUndefined()
    const empty = await makeHelper('empty', `echo '{"Username":"","Secret":""}'`)
    expect(await getFromHelper(empty, 'x', { env })).toBeUndefined()
  })

  test('a missing helper is named', async () => {
    await expect(getFromHelper('absent', 'x', { env })).rejects.toMatchObject({
      kind: 'toolMissing',
      message: 'The credential helper docker-credential-absent is not installed.',
    })
  })

  test('what it says when it fails is told, without control characters', async () => {
    const name = await makeHelper('locked', `printf 'the \\033[31mkeychain\\nis locked'; exit 1`)
    await expect(getFromHelper(name, 'x', { env })).rejects.toMatchObject({
      kind: 'toolFailed',
      message:
        'The credential helper docker-credential-locked failed at "get": the  [31mkeychain is locked.',
    })
  })

  test('an answer that cannot be read is not repeated', async () => {
    const name = await makeHelper('garbled', `echo '{"Username":"ann","Secret":"hunter2"'`)
    const error = await getFromHelper(name, 'x', { env }).catch((each: unknown) => each)
    expect(error).toMatchObject({ kind: 'toolFailed' })
    expect(String(error)).not.toContain('hunter2')
  })

  test('one that takes too long is stopped', async () => {
    const name = await makeHelper('slow', 'exec sleep 60')
    const started = Date.now()
    await expect(getFromHelper(name, 'x', { env, timeLimit: 200 })).rejects.toMatchObject({
      kind: 'toolFailed',
    })
    expect(Date.now() - started).toBeLessThan(10_000)
  })

  test('one that says too much is stopped', async () => {
    const name = await makeHelper('loud', 'exec yes')
    await expect(getFromHelper(name, 'x', { env })).rejects.toMatchObject({ kind: 'toolFailed' })
  })

  test('stopping the command stops it', async () => {
    const name = await makeHelper('waiting', 'exec sleep 60')
    const signal = AbortSignal.timeout(100)
    await expect(getFromHelper(name, 'x', { env, signal })).rejects.toMatchObject({
      kind: 'cancelled',
    })
  })

  test.each(['../sh', 'a/b', '', '-x'])('%j is no name of a helper', async (name) => {
    await expect(getFromHelper(name, 'x', { env })).rejects.toMatchObject({ kind: 'inputInvalid' })
  })
})

describe('storeInHelper', () => {
  const secret: Credentials = { kind: 'password', username: 'ann', password: 'hunter2 "é"' }

  test('gives the secret on standard input alone', async () => {
    const name = await makeHelper('keeps', `cat > "$FOLDER/kept"; echo "$0 $*" > "$FOLDER/line"`)
    await storeInHelper(name, 'ghcr.io', secret, { env })
    expect(JSON.parse(await readFile(join(folder, 'kept'), 'utf8'))).toEqual({
      ServerURL: 'ghcr.io',
      Username: 'ann',
      Secret: 'hunter2 "é"',
    })
    expect(await readFile(join(folder, 'line'), 'utf8')).not.toContain('hunter2')
    await storeInHelper(name, 'x', { kind: 'identityToken', username: '', token: 't' }, { env })
    expect(JSON.parse(await readFile(join(folder, 'kept'), 'utf8'))).toMatchObject({
      Username: '<token>',
      Secret: 't',
    })
  })

  test('one that repeats the secret when it fails does not get it told', async () => {
    const name = await makeHelper('leaks', 'cat; exit 1')
    const plain: Credentials = { kind: 'password', username: 'ann', password: 'hunter2' }
    const error = await storeInHelper(name, 'x', plain, { env }).catch((each: unknown) => each)
    expect(error).toMatchObject({ kind: 'toolFailed' })
    expect(String(error)).not.toContain('hunter2')
  })

  test('an access token has no form there', async () => {
    await expect(
      storeInHelper('keeps', 'x', { kind: 'accessToken', token: 't' }, { env }),
    ).rejects.toMatchObject({ kind: 'unsupported' })
  })
})

test('erasing and listing', async () => {
  const name = await makeHelper(
    'both',
    `case "$1" in
      erase) cat > "$FOLDER/erased";;
      list) echo '{"https://index.docker.io/v1/":"ann","ghcr.io":"bob"}';;
    esac`,
  )
  expect(await eraseFromHelper(name, 'ghcr.io', { env })).toBe(true)
  expect(await readFile(join(folder, 'erased'), 'utf8')).toBe('ghcr.io')
  expect([...(await listHelper(name, { env }))]).toEqual([
    ['https://index.docker.io/v1/', 'ann'],
    ['ghcr.io', 'bob'],
  ])
})
