import { describe, expect, test } from 'vitest'
import { type Catalogue, catalogueVersion } from '../catalogue.ts'
import type { CataloguedPackage, PackageKind } from '../package.ts'
import { diffCatalogues } from './diff.ts'

function found(
  kind: PackageKind,
  name: string,
  version: string,
  licenses: string[] = [],
): CataloguedPackage {
  return {
    kind,
    name,
    version,
    purl: `pkg:${kind}/${name}@${version}`,
    licenses,
    path: `${name}.json`,
  }
}

const catalogue = (...packages: CataloguedPackage[]): Catalogue => ({
  version: catalogueVersion,
  packages,
  notCovered: [],
})

describe('diffCatalogues', () => {
  test('nothing differs from itself, wherever the packages lie', () => {
    const same = catalogue(found('npm', 'a', '1.0.0'), found('deb', 'a', '1-1'))
    const moved = catalogue(...same.packages.map((one) => ({ ...one, path: `other/${one.path}` })))
    expect(diffCatalogues(same, moved)).toEqual({
      added: [],
      removed: [],
      changed: [],
      licenses: [],
      unchanged: 2,
    })
  })

  test('added, removed and changed, each by kind and name', () => {
    const before = catalogue(
      found('deb', 'gone', '1-1'),
      found('deb', 'up', '1.0~rc1-1'),
      found('npm', 'down', '10.0.0'),
      found('golang', 'odd', 'v1.0.0'),
    )
    const after = catalogue(
      found('npm', 'gone', '1.0.0'),
      found('deb', 'up', '1.0-1'),
      found('npm', 'down', '9.0.0'),
      found('golang', 'odd', '(devel)'),
    )
    const diff = diffCatalogues(before, after)
    expect(diff.added.map(({ purl }) => purl)).toEqual(['pkg:npm/gone@1.0.0'])
    expect(diff.removed.map(({ purl }) => purl)).toEqual(['pkg:deb/gone@1-1'])
    expect(diff.changed).toEqual([
      { kind: 'deb', name: 'up', before: ['1.0~rc1-1'], after: ['1.0-1'], direction: 'up' },
      { kind: 'golang', name: 'odd', before: ['v1.0.0'], after: ['(devel)'], direction: 'unclear' },
      { kind: 'npm', name: 'down', before: ['10.0.0'], after: ['9.0.0'], direction: 'down' },
    ])
  })

  test('of several versions the highest says the direction', () => {
    const before = catalogue(found('npm', 'a', '1.0.0'), found('npm', 'a', '2.0.0'))
    const [up] = diffCatalogues(before, catalogue(found('npm', 'a', '10.0.0'))).changed
    expect(up).toMatchObject({ before: ['1.0.0', '2.0.0'], direction: 'up' })
    const [less] = diffCatalogues(before, catalogue(found('npm', 'a', '2.0.0'))).changed
    expect(less).toMatchObject({ after: ['2.0.0'], direction: 'unclear' })
  })

  test('licences that changed with the version standing, and another distribution', () => {
    const before = catalogue(found('npm', 'a', '1.0.0', ['MIT']))
    const after: Catalogue = {
      ...catalogue(found('npm', 'a', '1.0.0', ['SSPL-1.0'])),
      distribution: { id: 'debian', version: '12', name: 'Debian 12', idLike: [], release: '12' },
    }
    const diff = diffCatalogues(before, after)
    expect(diff.licenses).toEqual([
      { kind: 'npm', name: 'a', version: '1.0.0', before: ['MIT'], after: ['SSPL-1.0'] },
    ])
    expect(diff.unchanged).toBe(0)
    expect(diff.distribution).toEqual({ before: '', after: 'Debian 12' })
  })
})
