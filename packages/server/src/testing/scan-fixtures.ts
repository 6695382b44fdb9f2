import type { AffectedPackage } from '@berth/scanner/advisories/advisory-record.ts'
import { buildAdvisories } from '@berth/scanner/advisories/builder.ts'
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type RegistryClient, digestOf } from './http-client.ts'

const imageManifest = 'application/vnd.oci.image.manifest.v1+json'
const imageConfig = 'application/vnd.oci.image.config.v1+json'
const gzipLayer = 'application/vnd.oci.image.layer.v1.tar+gzip'

/** One layer: what is stored and what is in it. */
export type TestLayer = { blob: Buffer; diffId: string; mediaType?: string }

/** A tar of regular files, compressed as clients do. */
export function tarLayer(files: Readonly<Record<string, string | Buffer>>): TestLayer {
  const blocks = Object.entries(files).flatMap(([path, content]) => {
    const bytes = Buffer.from(content)
    return [tarHeader(path, bytes.length), bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]
  })
  const tar = Buffer.concat([...blocks, Buffer.alloc(1024)])
  return { blob: gzipSync(tar), diffId: digestOf(tar) }
}

/** POSIX ustar, a regular file of mode 0644. */
function tarHeader(path: string, size: number): Buffer {
  const header = Buffer.alloc(512)
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, '0')
  header.write(path, 0)
  header.write(octal(0o644, 8), 100)
  header.write(octal(0, 8), 108)
  header.write(octal(0, 8), 116)
  header.write(octal(size, 12), 124)
  header.write(octal(0, 12), 136)
  header.write('        ', 148)
  header.write('0', 156)
  header.write('ustar\0', 257, 'latin1')
  header.write('00', 263)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 7)}\0 `, 148, 'latin1')
  return header
}

/** A Debian root with these packages, names and versions. */
export function debianLayer(packages: Readonly<Record<string, string>>): TestLayer {
  const status = Object.entries(packages)
    .map(
      ([name, version]) =>
        `Package: ${name}\nStatus: install ok installed\nMaintainer: Debian <packages@lists.debian.org>\nArchitecture: amd64\nVersion: ${version}\nDescription: of a test\n`,
    )
    .join('\n')
  return tarLayer({
    'etc/os-release':
      'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    'var/lib/dpkg/status': status,
  })
}

/** Pushes an image of these layers; its digest. */
export async function pushImage(
  registry: RegistryClient,
  repository: string,
  tag: string | undefined,
  layers: readonly TestLayer[],
  more: { diffIds?: readonly string[]; architecture?: string; config?: string } = {},
): Promise<string> {
  const made = JSON.stringify({
    architecture: more.architecture ?? 'amd64',
    os: 'linux',
    created: '2026-01-02T03:04:05Z',
    config: { User: '1000' },
    rootfs: { type: 'layers', diff_ids: more.diffIds ?? layers.map(({ diffId }) => diffId) },
  })
  const config = more.config ?? made
  await registry.pushBlob(repository, config)
  for (const { blob } of layers) await registry.pushBlob(repository, blob)
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: imageManifest,
    config: { mediaType: imageConfig, digest: digestOf(config), size: config.length },
    layers: layers.map(({ blob, mediaType = gzipLayer }) => ({
      mediaType,
      digest: digestOf(blob),
      size: blob.length,
    })),
  })
  const digest = digestOf(manifest)
  const answer = await registry.pushManifest(repository, tag ?? digest, manifest)
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.body.toString()}`)
  return digest
}

/** An advisory: affected below `fixed`, or in every version. */
export type TestAdvisory = {
  cve: string
  package: string
  fixed?: string
  score?: number
  /** Day on which it was known to be exploited. */
  exploited?: string
  ecosystem?: string
  release?: string
}

/** Makes a real advisory database at `file` out of these, in place of what was there. */
export async function writeAdvisories(
  file: string,
  advisories: readonly TestAdvisory[],
  builtAt = '2026-11-01T00:00:00.000Z',
): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await buildAdvisories(file, [
    {
      source: 'test',
      read(writer) {
        for (const { cve, package: name, fixed, score = 7.5, exploited, ...where } of advisories) {
          writer.score(cve, { source: 'nvd', version: '3.1', score })
          if (exploited !== undefined) writer.knownExploited(cve, exploited)
          writer.advisory({
            id: `TEST-${cve}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`,
            vulnerabilities: [cve],
            aliases: [],
            title: `A mistake in ${name}`,
            references: [],
            cwes: [],
            scores: [],
            affected: [
              {
                ecosystem: where.ecosystem ?? 'debian',
                release: where.release ?? '12',
                name,
                ranges: [fixed === undefined ? {} : { to: fixed, fixed }],
                versions: [],
                state: fixed === undefined ? 'notFixed' : 'fixed',
              } satisfies AffectedPackage,
            ],
          })
        }
        return Promise.resolve({ builtAt, leftOut: {} })
      },
    },
  ])
}
