import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ScanLimit } from '../detector.ts'
import { catalogueDirectory } from './directory.ts'

describe('a folder', () => {
  let folder = ''
  const write = (path: string, content: string) => {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  const npm = (name: string) => JSON.stringify({ name, version: '1.0.0' })

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-directory-'))
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  it('is catalogued like a layer, and no link is followed', async () => {
    write('root/usr/lib/os-release', 'ID=debian\nVERSION_ID=12\n')
    write('root/app/node_modules/x/package.json', npm('x'))
    write('outside/node_modules/secret/package.json', npm('secret'))
    symlinkSync('../usr/lib/os-release', join(folder, 'root/app/os-release'))
    symlinkSync(join(folder, 'outside/node_modules'), join(folder, 'root/node_modules'))
    mkdirSync(join(folder, 'root/node_modules2'))
    mkdirSync(join(folder, 'root/etc'))
    symlinkSync(join(folder, 'outside'), join(folder, 'root/etc/os-release'))
    const catalogue = await catalogueDirectory(join(folder, 'root'))
    expect(catalogue.distribution?.release).toBe('12')
    expect(catalogue.packages.map(({ name, path, layer }) => ({ name, path, layer }))).toEqual([
      { name: 'x', path: 'app/node_modules/x/package.json', layer: undefined },
    ])
    expect(catalogue.notCovered).toEqual([])
  })

  it('has limits, and can be stopped', async () => {
    write('node_modules/x/package.json', npm('x'))
    write('node_modules/y/package.json', npm('y'))
    await expect(catalogueDirectory(folder, { limits: { entries: 1 } })).rejects.toThrow(ScanLimit)
    await expect(catalogueDirectory(folder, { limits: { packages: 1 } })).rejects.toThrow(ScanLimit)
    await expect(
      catalogueDirectory(folder, { signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough')
    const { notCovered } = await catalogueDirectory(folder, { limits: { fileBytes: 5 } })
    expect(notCovered[0]?.reason).toContain('at most 5 are read')
    await expect(catalogueDirectory(join(folder, 'absent'))).rejects.toThrow('ENOENT')
  })
})
