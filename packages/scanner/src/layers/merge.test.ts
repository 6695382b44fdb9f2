import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { catalogueVersion, type LayerCatalogue, type LayerFile } from '../catalogue.ts'
import { ScanLimit } from '../detector.ts'
import type { CataloguedPackage, PackageKind } from '../package.ts'
import { packageUrl } from '../purl.ts'
import { readBytes } from '../testing/read-layer.ts'
import { type LayerEntry, writeLayer } from '../testing/write-layer.ts'
import { mergeLayers } from './merge.ts'

function found(
  kind: PackageKind,
  name: string,
  version: string,
  path: string,
): Omit<CataloguedPackage, 'layer'> {
  return { kind, name, version, purl: packageUrl({ kind, name, version }), licenses: [], path }
}

function file(
  path: string,
  packages: LayerFile['packages'],
  rest: Partial<LayerFile> = {},
): LayerFile {
  return { path, detector: 'test', packages, ...rest }
}

function layer(diffId: string, rest: Partial<LayerCatalogue> = {}): LayerCatalogue {
  const files = rest.files ?? []
  return {
    version: catalogueVersion,
    diffId,
    size: 1,
    opaqueDirectories: [],
    links: {},
    notCovered: [],
    ...rest,
    files,
    whiteouts: [...(rest.whiteouts ?? []), ...files.map(({ path }) => path)],
  }
}

const npm = (name: string, version = '1.0.0', folder = 'app') => {
  const path = `${folder}/node_modules/${name}/package.json`
  return file(path, [found('npm', name, version, path)])
}

const names = (layers: readonly LayerCatalogue[]) =>
  mergeLayers(layers).packages.map(({ name, version }) => `${name}@${version}`)

describe('merged layers', () => {
  it('lose what a later layer takes away, and nothing of that layer itself', () => {
    const base = layer('a', { files: [npm('x'), npm('y'), npm('z', '1.0.0', 'other')] })
    expect(names([base, layer('b', { whiteouts: ['app/node_modules/x'] })])).toEqual([
      'y@1.0.0',
      'z@1.0.0',
    ])
    expect(names([base, layer('b', { whiteouts: ['app'], files: [npm('n')] })])).toEqual([
      'n@1.0.0',
      'z@1.0.0',
    ])
    expect(names([base, layer('b', { opaqueDirectories: ['app'], files: [npm('n')] })])).toEqual([
      'n@1.0.0',
      'z@1.0.0',
    ])
    expect(names([base, layer('b', { opaqueDirectories: [''] })])).toEqual([])
    expect(names([base, layer('b', { whiteouts: ['app/node'] })])).toEqual([
      'x@1.0.0',
      'y@1.0.0',
      'z@1.0.0',
    ])
    expect(names([layer('b', { whiteouts: ['app'] }), base])).toEqual([
      'x@1.0.0',
      'y@1.0.0',
      'z@1.0.0',
    ])
  })

  it('have a file as the last layer wrote it, also when it says nothing any more', () => {
    const base = layer('a', { files: [npm('x')] })
    expect(names([base, layer('b', { files: [npm('x', '2.0.0')] })])).toEqual(['x@2.0.0'])
    expect(names([base, layer('b', { whiteouts: ['app/node_modules/x/package.json'] })])).toEqual(
      [],
    )
  })

  it('know the layer of a package, also when a later one writes the database again', () => {
    const status = (...packages: string[]) =>
      file(
        'var/lib/dpkg/status',
        packages.map((name) => found('deb', name, '1', 'var/lib/dpkg/status')),
      )
    const origins = (layers: readonly LayerCatalogue[]) =>
      Object.fromEntries(mergeLayers(layers).packages.map((found) => [found.name, found.layer]))
    const base = layer('base', { files: [status('libc6', 'gone', 'back')] })
    const ours = layer('ours', { files: [status('libc6', 'curl')] })
    const last = layer('last', { files: [status('libc6', 'curl', 'back')] })
    expect(origins([base, ours, last])).toEqual({ libc6: 'base', curl: 'ours', back: 'last' })
    const moved = layer('moved', {
      whiteouts: ['var/lib/dpkg/status'],
      files: [
        file('var/lib/dpkg/status.d/libc6', [
          found('deb', 'libc6', '1', 'var/lib/dpkg/status.d/libc6'),
        ]),
      ],
    })
    expect(origins([base, moved])).toEqual({ libc6: 'base' })
  })

  it('leave out language packages that the distribution brought, but not those of a third party', () => {
    const list = (name: string, owned: string[]) =>
      file(`var/lib/dpkg/info/${name}.list`, [], { owned })
    const status = (isThirdParty: boolean) =>
      file('var/lib/dpkg/status', [
        {
          ...found('deb', 'nodejs', '1', 'var/lib/dpkg/status'),
          ...(isThirdParty && { isThirdParty }),
        },
      ])
    const path = 'usr/lib/node_modules/npm/package.json'
    const jar = 'usr/share/java/a.jar'
    const files = [
      file(path, [found('npm', 'npm', '9.0.0', path)]),
      file(jar, [found('maven', 'g:a', '1', `${jar}!/b.jar`)]),
      list('nodejs:amd64', ['lib/node_modules/npm/package.json', jar]),
    ]
    const links = { lib: 'usr/lib' }
    expect(names([layer('a', { files: [...files, status(false)], links })])).toEqual(['nodejs@1'])
    expect(names([layer('a', { files: [...files, status(true)], links })])).toEqual([
      'nodejs@1',
      'g:a@1',
      'npm@9.0.0',
    ])
    expect(names([layer('a', { files: [...files, status(false)] })])).toEqual([
      'nodejs@1',
      'npm@9.0.0',
    ])
  })

  it('are one place on both sides of a merged /usr', () => {
    const apk = (path: string, version: string) => file(path, [found('apk', 'musl', version, path)])
    const base = layer('a', {
      files: [apk('usr/lib/apk/db/installed', '1')],
      links: { lib: 'usr/lib' },
    })
    expect(names([base, layer('b', { files: [apk('lib/apk/db/installed', '2')] })])).toEqual([
      'musl@2',
    ])
    expect(names([base, layer('b', { whiteouts: ['lib/apk'] })])).toEqual([])
  })

  it('prefer what was found over what an SBOM in the image says', () => {
    const sbom = file(
      'opt/app.spdx.json',
      [
        found('deb', 'zlib1g', '0', 'opt/app.spdx.json'),
        found('npm', 'x', '1', 'opt/app.spdx.json'),
      ],
      { detector: 'sbom-file' },
    )
    const status = file('var/lib/dpkg/status', [found('deb', 'zlib1g', '1', 'var/lib/dpkg/status')])
    expect(names([layer('a', { files: [sbom, status] })])).toEqual(['zlib1g@1', 'x@1'])
  })

  it('give the packages of a distribution its name, and licences from copyright files', () => {
    const merged = mergeLayers([
      layer('a', {
        files: [
          file('etc/os-release', [], {
            distribution: {
              id: 'debian',
              version: '12',
              name: 'Debian',
              idLike: [],
              release: '12',
            },
          }),
          file('var/lib/dpkg/status', [found('deb', 'zlib1g', '1:1.2+b', 'var/lib/dpkg/status')]),
          file('usr/share/doc/zlib1g/copyright', [], {
            licenses: { package: 'zlib1g', licenses: ['Zlib'] },
          }),
        ],
      }),
    ])
    expect(merged.distribution).toEqual({
      id: 'debian',
      version: '12',
      name: 'Debian',
      idLike: [],
      release: '12',
      endOfLife: '2028-06-30',
    })
    expect(merged.packages[0]).toMatchObject({
      purl: 'pkg:deb/debian/zlib1g@1:1.2+b?distro=debian-12',
      licenses: ['Zlib'],
    })
  })

  it('say what is not covered, until a later layer hides it', () => {
    const missing = { path: 'app/a.jar', reason: 'Broken.' }
    const base = layer('a', { notCovered: [missing, { path: 'layer a', reason: 'Cut.' }] })
    expect(mergeLayers([base]).notCovered).toHaveLength(2)
    expect(mergeLayers([base, layer('b', { whiteouts: ['app'] })]).notCovered).toEqual([
      { path: 'layer a', reason: 'Cut.' },
    ])
  })

  it('refuse more packages than the limit', () => {
    expect(() =>
      mergeLayers([layer('a', { files: [npm('x'), npm('y')] })], { packages: 1 }),
    ).toThrow(ScanLimit)
  })

  it('equal the file system that the layers make, whatever they add and hide', async () => {
    const folder = fc.constantFrom('a', 'b', 'a/b')
    const name = fc.constantFrom('x', 'y')
    const entry = fc.oneof(
      fc.record({
        do: fc.constant('write'),
        folder,
        name,
        version: fc.constantFrom('1.0.0', '2.0.0', ''),
      }),
      fc.record({ do: fc.constant('remove'), folder, name, version: fc.constant('') }),
      fc.record({ do: fc.constant('opaque'), folder, name, version: fc.constant('') }),
      fc.record({ do: fc.constant('removeFolder'), folder, name, version: fc.constant('') }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(entry, { maxLength: 5 }), { maxLength: 4 }),
        async (layers) => {
          const system = new Map<string, string>()
          const catalogues: LayerCatalogue[] = []
          for (const changes of layers) {
            const entries: LayerEntry[] = []
            const pathOf = (change: (typeof changes)[number]) =>
              `${change.folder}/node_modules/${change.name}/package.json`
            for (const change of changes) {
              const gone =
                {
                  write: '',
                  remove: `${change.folder}/node_modules/${change.name}`,
                  opaque: change.folder,
                  removeFolder: change.folder,
                }[change.do] ?? ''
              for (const path of system.keys())
                if (gone !== '' && path.startsWith(`${gone}/`)) system.delete(path)
              if (change.do === 'remove')
                entries.push({ name: `${change.folder}/node_modules/.wh.${change.name}` })
              if (change.do === 'opaque') entries.push({ name: `${change.folder}/.wh..wh..opq` })
              if (change.do === 'removeFolder')
                entries.push({ name: `.wh.${change.folder}`.replace('.wh.a/b', 'a/.wh.b') })
            }
            for (const change of changes) {
              if (change.do !== 'write') continue
              const content = JSON.stringify({ name: change.name, version: change.version })
              entries.push({ name: pathOf(change), content })
              system.set(pathOf(change), change.version)
            }
            catalogues.push(await readBytes(await writeLayer(entries), { detectors: [reader] }))
          }
          const expected = [...system]
            .filter(([, version]) => version !== '')
            .map(([path, version]) => `${path} ${version}`)
          const merged = mergeLayers(catalogues).packages.map(
            ({ path, version }) => `${path} ${version}`,
          )
          expect(merged.sort()).toEqual(expected.sort())
        },
      ),
    )
  })
})

const reader = {
  name: 'reader',
  wants: ({ path }: { path: string }) => path.endsWith('package.json'),
  detect: async (scanned: { read: (maxBytes: number) => Promise<Buffer> }) => {
    const { name, version } = JSON.parse((await scanned.read(1000)).toString()) as {
      name: string
      version: string
    }
    if (version === '') return {}
    return { packages: [{ kind: 'npm' as const, name, version, purl: '', licenses: [] }] }
  },
}
