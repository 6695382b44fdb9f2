import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pack } from 'tar-stream'
import { expect, test } from 'vitest'
import { mergeLayers } from '../layers/merge.ts'
import { readLayer } from '../layers/read-layer.ts'
import { defaultLimits } from '../limits.ts'
import { detectors } from './detectors.ts'

const files: Readonly<Record<string, string>> = {
  'app/node_modules/lodash/package.json': '{"name":"lodash","version":"4.17.20"}',
  'app/node_modules/lodash/esm/package.json': '{"type":"module"}',
  'app/package-lock.json':
    '{"lockfileVersion":3,"packages":{"node_modules/x":{"version":"1.0.0"}}}',
  'venv/lib/python3.11/site-packages/Six.dist-info/METADATA': 'Name: Six\nVersion: 1.16.0\n',
  'usr/lib/ruby/gems/3.1.0/specifications/rake-13.0.6.gemspec': '# stub: rake 13.0.6 ruby lib\n',
  'www/vendor/composer/installed.json': '[{"name":"a/b","version":"1.0.0"}]',
  'srv/web.deps.json': '{"libraries":{"Serilog/3.0.0":{"type":"package"}}}',
  'var/lib/db/sbom/rake.spdx.json': JSON.stringify({
    spdxVersion: 'SPDX-2.3',
    packages: ['pkg:gem/rake@13.0.5', 'pkg:cargo/serde@1.0.0'].map((referenceLocator) => ({
      name: 'x',
      externalRefs: [{ referenceType: 'purl', referenceLocator }],
    })),
  }),
  'app/.pnp.cjs': '',
  'broken/vendor/composer/installed.json': '{',
}

test('a layer: what is installed, not what is locked; an SBOM gives way to what was found', async () => {
  const temporaryFolder = await mkdtemp(join(tmpdir(), 'berth-text-formats-'))
  try {
    const tar = pack()
    for (const [name, content] of Object.entries(files)) tar.entry({ name }, content)
    tar.finalize()
    const layer = await readLayer(
      {
        content: tar.pipe(new PassThrough()),
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        name: 'layer x',
      },
      { detectors, limits: defaultLimits, temporaryFolder },
    )
    const { packages, notCovered } = mergeLayers([layer])
    expect(packages.map(({ purl }) => purl)).toEqual([
      'pkg:cargo/serde@1.0.0',
      'pkg:composer/a/b@1.0.0',
      'pkg:gem/rake@13.0.6',
      'pkg:npm/lodash@4.17.20',
      'pkg:nuget/Serilog@3.0.0',
      'pkg:pypi/six@1.16.0',
    ])
    expect(notCovered.map(({ path }) => path).sort()).toEqual([
      'app/.pnp.cjs',
      'broken/vendor/composer/installed.json',
    ])
  } finally {
    await rm(temporaryFolder, { recursive: true, force: true })
  }
})
