import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Berth, startBerth } from '../../../../test/tools/berth.ts'
import { makeHome } from '../testing/logged-in.ts'
import { ImagePusher } from '../testing/push-images.ts'
import { runCommand } from '../testing/run-command.ts'

type Report = {
  images: { digest: string; signedBy: string[]; signatures: { state: string; reason?: string }[] }[]
}

let berth: Berth
let home: Awaited<ReturnType<typeof makeHome>>
let pusher: ImagePusher
let scratch: string

const run = (...argv: string[]) =>
  runCommand(argv, { env: { ...home.env, BERTH_KEY_PASSWORD: 'of a test' }, cwd: scratch })

async function push(tag: string): Promise<string> {
  const layer = `layer of ${tag}`
  const diffId = `sha256:${createHash('sha256').update(layer).digest('hex')}`
  const config = { os: 'linux', rootfs: { type: 'layers', diff_ids: [diffId] } }
  await pusher.image({ config, layers: [layer] }, [tag])
  return `${berth.host}/acme/api:${tag}`
}

beforeAll(async () => {
  berth = await startBerth()
  home = await makeHome({ [berth.host]: berth })
  pusher = new ImagePusher({ ...berth, repository: 'acme/api' })
  scratch = await mkdtemp(join(tmpdir(), 'berth-sign-'))
  const made = await run('sign', '--generate-key', 'release')
  expect(made.code, made.stderr).toBe(0)
  expect((await run('sign', '--generate-key', 'other')).code).toBe(0)
})

afterAll(async () => {
  pusher.close()
  await berth.stop()
  await home.remove()
  await rm(scratch, { recursive: true, force: true })
})

describe('berth sign and berth verify', () => {
  test('a key pair is made once, for its owner alone, and encrypted', async () => {
    expect((await stat(join(scratch, 'release.key'))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(scratch, 'release.key'), 'utf8')).toContain('BEGIN ENCRYPTED')
    const again = await run('sign', '--generate-key', 'release')
    expect(again.code).toBe(11)
    expect(again.stderr).toContain('is there already')
  })

  test.each([[[]], [['--tag']]])(
    'what one key signs counts for that key alone (%s)',
    async (flags) => {
      const image = await push(flags.length === 0 ? 'referrer' : 'tagged')
      const unsigned = await run('verify', '--key', 'release.pub', image)
      expect(unsigned.code).toBe(8)
      expect(unsigned.stderr).toContain('no signature at all')

      const signed = await run(
        'sign',
        '--key',
        'release.key',
        '--annotate',
        'build=7',
        ...flags,
        image,
      )
      expect(signed.code, signed.stderr).toBe(0)
      const good = await run('--json', 'verify', '--key', 'release.pub', image)
      expect(good.code, good.stderr).toBe(0)
      expect(good.json<Report>().images[0]).toMatchObject({ signedBy: ['release.pub'] })
      const bad = await run('verify', '--key', 'other.pub', image)
      expect(bad.code).toBe(8)
      expect(bad.stderr).toMatch(
        /has no signature that counts[\s\S]*\((?:key-unknown|signature-invalid)\)/,
      )
      const either = await run(
        'verify',
        '--signatures-only',
        '--key',
        'other.pub',
        '--key',
        'release.pub',
        image,
      )
      expect(either.code, either.stderr).toBe(0)
    },
  )

  test('an attestation is no signature, and a signature is no attestation', async () => {
    const image = await push('attested')
    await writeFile(
      join(scratch, 'sbom.json'),
      JSON.stringify({ spdxVersion: 'SPDX-2.3', packages: [] }),
    )
    const statement = ['--type', 'spdx', '--predicate', 'sbom.json']
    const attested = await run('attest', '--key', 'release.key', ...statement, image)
    expect(attested.code, attested.stderr).toBe(0)
    expect((await run('verify', '--key', 'release.pub', image)).code).toBe(8)
    const found = await run('verify', '--attestation', 'spdx', '--key', 'release.pub', image)
    expect(found.code, found.stderr).toBe(0)
    const other = await run('verify', '--attestation', 'openvex', '--key', 'release.pub', image)
    expect(other.code).toBe(8)
    expect(other.stderr).toContain('predicate-type-mismatch')
  })

  test('what does not go together is said before anything is done', async () => {
    const image = await push('input')
    for (const [argv, words] of [
      [['sign', image], 'Who signs?'],
      [['sign', '--key', 'none.key', image], '--key none.key cannot be read'],
      [['sign', '--key', 'sbom.json', image], 'sbom.json'],
      [['sign', '--identity-token', 'sbom.json', image], '--identity-token needs --fulcio'],
      [['sign', '--key', 'release.key', '--annotate', 'x', image], 'is not a key=value'],
      [
        ['attest', '--key', 'release.key', '--type', 'x', '--predicate', 'sbom.json', image],
        'no type',
      ],
      [['verify', '--certificate-identity', 'a', image], 'belong together'],
      [['verify', '--signatures-only', image], 'Whose signatures count?'],
    ] as const) {
      const { code, stderr } = await run(...argv)
      expect(code, argv.join(' ')).toBe(2)
      expect(stderr).toContain(words)
    }
    const wrong = await runCommand(['sign', '--key', 'release.key', image], {
      env: { ...home.env, BERTH_KEY_PASSWORD: 'wrong' },
      cwd: scratch,
    })
    expect(wrong.code).toBe(2)
    expect((await run('verify', '--key', 'release.pub', image)).stderr).toContain(
      'no signature at all',
    )
  })
})
