import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Digest, parseDigest } from '@berth/oci/digest.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../../../test/fixtures/content.ts'
import { ManifestCache, manifestCacheFolder } from './manifest-cache.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-cache-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

function content(word: string, size = 100): { digest: Digest; bytes: Buffer } {
  const bytes = Buffer.alloc(size, word)
  return { digest: parseDigest(sha256(bytes)), bytes }
}

describe('ManifestCache', () => {
  it('gives back what was put, and nothing else', async () => {
    const cache = new ManifestCache({ folder: join(folder, 'a/b') })
    const { digest, bytes } = content('one')
    expect(await cache.get(digest)).toBeUndefined()
    await cache.put(digest, bytes)
    expect(await cache.get(digest)).toEqual(bytes)
    expect(await cache.get(content('two').digest)).toBeUndefined()
  })

  it('does not give what was changed on the disk', async () => {
    const cache = new ManifestCache({ folder })
    const { digest, bytes } = content('one')
    await cache.put(digest, bytes)
    await writeFile(join(folder, digest.replace(':', '-')), 'something else')
    expect(await cache.get(digest)).toBeUndefined()
    expect(await readdir(folder)).toEqual([])
  })

  it('keeps what was used last, within its bounds, and clears what broke off', async () => {
    const cache = new ManifestCache({ folder, bytesMax: 250 })
    const words = ['old', 'older', 'new', 'newest']
    for (const [at, word] of words.entries()) {
      const { digest, bytes } = content(word)
      await cache.put(digest, bytes)
      const time = new Date(Date.now() - (4 - at) * 48 * 3_600_000)
      await utimes(join(folder, digest.replace(':', '-')), time, time)
    }
    const broken = join(folder, '.00000000-0000-0000-0000-000000000000.partial')
    await writeFile(broken, '')
    await utimes(broken, new Date(0), new Date(0))
    await writeFile(join(folder, 'somebody-elses'), '')
    // Being asked for makes it new again.
    await cache.get(content('old').digest)
    await cache.trim()
    const left = await readdir(folder)
    expect(left.toSorted()).toEqual(
      [
        'somebody-elses',
        ...['old', 'newest'].map((word) => content(word).digest.replace(':', '-')),
      ].toSorted(),
    )
  })

  it('does without when it cannot write', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    const cache = new ManifestCache({ folder: join(file, 'below') })
    const { digest, bytes } = content('one')
    await cache.put(digest, bytes)
    expect(await cache.get(digest)).toBeUndefined()
    await cache.trim()
  })

  it('lies where the environment says', () => {
    expect(manifestCacheFolder({ XDG_CACHE_HOME: '/c', HOME: '/h' })).toBe('/c/berth/manifests')
    expect(manifestCacheFolder({ XDG_CACHE_HOME: 'relative', HOME: '/h' })).toBe(
      '/h/.cache/berth/manifests',
    )
  })
})
