import type { Detector } from '../detector.ts'

const maxBytes = 64 * 1024 ** 2
const lists = /^var\/lib\/dpkg\/(?:info\/[^/]+\.list|status\.d\/[^/]+\.md5sums)$/

/**
 * Which files each package of dpkg owns: `info/*.list`, and `status.d/*.md5sums` of distroless images, which have no
 * lists. `info/*.md5sums` says less than the lists do.
 */
export const dpkgFiles: Detector = {
  name: 'dpkg-files',
  wants: ({ path }) => lists.test(path),
  async detect(file) {
    const lines = (await file.read(maxBytes)).toString('utf8').split('\n')
    const start = file.path.endsWith('.md5sums') ? 34 : 0
    return {
      owned: lines
        .map((line) => line.slice(start).replace(/^(?:\.?\/)+/, ''))
        .filter((path) => path !== '' && path !== '.'),
    }
  },
}
