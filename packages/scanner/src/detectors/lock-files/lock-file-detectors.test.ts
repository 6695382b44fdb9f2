import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ScanLimit, Unreadable } from '../../detector.ts'
import { detectBytes } from '../testing/scanned-file.ts'
import { lockFileDetectors } from './lock-file-detectors.ts'

async function detect(path: string, content: string | object) {
  const wanting = lockFileDetectors.filter((one) =>
    one.wants({ path, isExecutable: false, size: 1 }),
  )
  expect(wanting, path).toHaveLength(1)
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return detectBytes(wanting[0]!, path, Buffer.from(text))
}

async function packages(path: string, content: string | object): Promise<string[]> {
  const detected = await detect(path, content)
  return (detected.packages ?? []).map(({ purl }) => purl)
}

describe('lockFileDetectors', () => {
  test('package-lock.json 2 and 3: nested ones and aliases, no links and nothing of the project', async () => {
    const lock = {
      lockfileVersion: 3,
      packages: {
        '': { name: 'app', version: '1.0.0' },
        'packages/own': { name: 'own', version: '1.0.0' },
        'node_modules/own': { link: true, resolved: 'packages/own' },
        'node_modules/@a/b': { version: '1.0.0', license: 'MIT' },
        'node_modules/c/node_modules/@a/b': { version: '2.0.0', dev: true },
        'node_modules/alias': { name: 'real', version: '3.0.0' },
      },
    }
    expect(await packages('app/package-lock.json', lock)).toEqual([
      'pkg:npm/%40a/b@1.0.0',
      'pkg:npm/%40a/b@2.0.0',
      'pkg:npm/real@3.0.0',
    ])
    expect((await detect('npm-shrinkwrap.json', lock)).packages?.[0]?.licenses).toEqual(['MIT'])
  })

  test('package-lock.json 1, not endlessly deep', async () => {
    const lock = {
      lockfileVersion: 1,
      dependencies: {
        a: { version: '1.0.0', dependencies: { b: { version: '2.0.0' } } },
        c: { version: 'npm:@x/real@3.0.0' },
        d: { version: 'git+ssh://git@example.org/d.git#abc' },
      },
    }
    expect(await packages('package-lock.json', lock)).toEqual([
      'pkg:npm/a@1.0.0',
      'pkg:npm/b@2.0.0',
      'pkg:npm/%40x/real@3.0.0',
    ])
    let deep: object = { version: '1.0.0' }
    for (let depth = 0; depth < 100; depth += 1)
      deep = { version: '1.0.0', dependencies: { a: deep } }
    const endless = { lockfileVersion: 1, dependencies: { a: deep } }
    await expect(packages('package-lock.json', endless)).rejects.toThrow('more than 64 deep')
  })

  test.each([
    [
      '5',
      '  /@a/b/1.0.0:\n    dev: true\n  /c/2.0.0_react@17.0.0:\n    dev: false\n  file:own:\n    x: 1\n',
    ],
    ['6', '  /@a/b@1.0.0:\n    dev: true\n  /c@2.0.0(react@17.0.0):\n    dev: false\n'],
    [
      '9',
      "  '@a/b@1.0.0':\n    engines: {}\n  c@2.0.0:\n    engines: {}\n  own@file:own:\n    x: 1\n",
    ],
  ])('pnpm-lock.yaml %s', async (version, text) => {
    const lock = `lockfileVersion: '${version}.0'\npackages:\n${text}`
    expect(await packages('pnpm-lock.yaml', lock)).toEqual([
      'pkg:npm/%40a/b@1.0.0',
      'pkg:npm/c@2.0.0',
    ])
  })

  test('yarn.lock of Yarn 1 and of later ones', async () => {
    const one = `# yarn lockfile v1\n\n"@a/b@^1.0.0", "@a/b@~1.0":\n  version "1.0.1"\n  resolved "x"\n\nc@^2:\n  version "2.0.0"\n  dependencies:\n    d "^1"\n\n"e@npm:real@^3":\n  version "3.0.0"\n`
    expect(await packages('yarn.lock', one)).toEqual([
      'pkg:npm/%40a/b@1.0.1',
      'pkg:npm/c@2.0.0',
      'pkg:npm/real@3.0.0',
    ])
    const later = `__metadata:\n  version: 8\n\n"@a/b@npm:^1.0.0, @a/b@npm:~1.0":\n  version: 1.0.1\n  resolution: "@a/b@npm:1.0.1"\n\n"app@workspace:.":\n  version: 0.0.0-use.local\n`
    expect(await packages('yarn.lock', later)).toEqual(['pkg:npm/%40a/b@1.0.1'])
  })

  test('requirements.txt: what is pinned, and how much is not', async () => {
    const text = [
      '# comment',
      '-r other.txt',
      'Zope.Interface[test]==5.0 ; python_version < "3.9"  # why',
      'six == 1.16.0 \\',
      '    --hash=sha256:aa',
      'requests>=2',
      'django==4.*',
      'flask @ https://example.org/flask.whl',
    ].join('\n')
    const detected = await detect('app/requirements-dev.txt', text)
    expect(detected.packages?.map(({ purl }) => purl)).toEqual([
      'pkg:pypi/zope-interface@5.0',
      'pkg:pypi/six@1.16.0',
    ])
    expect(detected.notCovered).toBe('3 requirements have no fixed version (==).')
  })

  test('go.mod: required modules, replaced where it says so', async () => {
    const text = `module example.org/app
go 1.22
require github.com/a/b v1.0.0 // indirect
require (
	github.com/c/d v1.2.3
	"github.com/e/f" v0.0.0-20200101000000-abcdefabcdef
	github.com/g/h v1.0.0
	github.com/i/j v2.0.0+incompatible
)
replace github.com/c/d => github.com/fork/d v1.2.4
replace (
	github.com/g/h v1.0.0 => ../h
	github.com/i/j v1.0.0 => github.com/never/j v1.0.0
)
exclude github.com/a/b v0.9.0
`
    expect(await packages('go.mod', text)).toEqual([
      'pkg:golang/github.com/a/b@v1.0.0',
      'pkg:golang/github.com/fork/d@v1.2.4',
      'pkg:golang/github.com/e/f@v0.0.0-20200101000000-abcdefabcdef',
      'pkg:golang/github.com/i/j@v2.0.0+incompatible',
    ])
  })

  test('Cargo.lock: crates that come from somewhere', async () => {
    const text = `version = 3

[[package]]
name = "app"
version = "0.1.0"
dependencies = [
 "serde",
]

[[package]]
name = "serde"
version = "1.0.200"
source = "registry+https://github.com/rust-lang/crates.io-index"
`
    expect(await packages('Cargo.lock', text)).toEqual(['pkg:cargo/serde@1.0.200'])
  })

  test('poetry.lock and uv.lock, without what is the project itself', async () => {
    const poetry = `[[package]]
name = "Zope.Interface"
version = "5.0"
optional = false

[package.dependencies]
version = "9.9"

[[package]]
name = "own"
version = "1.0"

[package.dependencies]
six = "*"

[package.source]
type = "directory"
url = "../own"

[[package]]
name = "six"
version = "1.16.0"

[metadata]
version = "2.1"
`
    expect(await packages('poetry.lock', poetry)).toEqual([
      'pkg:pypi/zope-interface@5.0',
      'pkg:pypi/six@1.16.0',
    ])
    const uv = `[[package]]\nname = "app"\nversion = "0.1"\nsource = { editable = "." }\n\n[[package]]\nname = "six"\nversion = "1.16.0"\nsource = { registry = "https://x" }\n`
    expect(await packages('uv.lock', uv)).toEqual(['pkg:pypi/six@1.16.0'])
  })

  test('composer.lock', async () => {
    const lock = {
      packages: [{ name: 'Monolog/Monolog', version: '2.1.0', license: ['MIT'] }],
      'packages-dev': [{ name: 'phpunit/phpunit', version: '9.0.0' }],
    }
    expect(await packages('composer.lock', lock)).toEqual([
      'pkg:composer/monolog/monolog@2.1.0',
      'pkg:composer/phpunit/phpunit@9.0.0',
    ])
  })

  test('Gemfile.lock: gems of a server, without their platforms and needs', async () => {
    const text = `PATH
  remote: .
  specs:
    own (1.0)

GEM
  remote: https://example.org/
  specs:
    nokogiri (1.15.4-x86_64-linux)
      racc (~> 1.4)
    rake (13.0.6)

DEPENDENCIES
  rake
`
    expect(await packages('Gemfile.lock', text)).toEqual([
      'pkg:gem/nokogiri@1.15.4',
      'pkg:gem/rake@13.0.6',
    ])
  })

  test('whatever stands in one, there are packages or a reason', async () => {
    const paths = [
      'package-lock.json',
      'pnpm-lock.yaml',
      'yarn.lock',
      'requirements.txt',
      'poetry.lock',
      'go.mod',
      'Cargo.lock',
      'composer.lock',
      'Gemfile.lock',
    ]
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.stringMatching(/^[[\]a-z"=@ :\n(){}.0-9/-]{0,80}$/),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), text, async (path, text) => {
        try {
          expect(Array.isArray(await packages(path, text))).toBe(true)
        } catch (error) {
          expect(error instanceof Unreadable || error instanceof ScanLimit, String(error)).toBe(
            true,
          )
        }
      }),
      { numRuns: 500 },
    )
  })
})
