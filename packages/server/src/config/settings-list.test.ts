import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadConfig } from './load.ts'
import { listSettings } from './settings-list.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-settings-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

test('every setting tells where its value comes from, and secrets stay hidden', async () => {
  const file = join(folder, 'berth.yaml')
  await writeFile(
    file,
    [
      'http: { port: 6000, trustedProxies: [10.0.0.0/8] }',
      'log: { level: warn }',
      'access: { administrator: { password: not to be seen by anybody } }',
    ].join('\n'),
  )
  const config = loadConfig({
    file,
    environment: { BERTH_LOG__LEVEL: 'error' },
    overrides: { http: { address: '127.0.0.1' } },
    cwd: folder,
  })
  const settings = listSettings(config)
  const at = (path: string) => settings.find((setting) => setting.path === path)
  expect(at('http.port')).toMatchObject({ value: '6000', source: 'file', default: '5000' })
  expect(at('http.trustedProxies')).toMatchObject({ value: '["10.0.0.0/8"]', source: 'file' })
  expect(at('log.level')).toMatchObject({ value: 'error', source: 'environment' })
  expect(at('log.level')?.variable).toBe('BERTH_LOG__LEVEL')
  expect(at('http.address')).toMatchObject({ value: '127.0.0.1', source: 'flag' })
  expect(at('http.maxConnections')).toMatchObject({ value: '20000', source: 'default' })
  expect(at('access.administrator.password')).toMatchObject({
    value: null,
    isSecret: true,
    isSet: true,
    source: 'file',
  })
  expect(at('metadata.file')?.value).toBe(join(folder, 'berth-data', 'metadata.sqlite'))
  // Of a kind that is not chosen.
  expect(at('metadata.url')).toBeUndefined()
  expect(at('http.externalUrl')).toMatchObject({ value: null, isSet: false })
  expect(JSON.stringify(settings)).not.toContain('not to be seen')
})
