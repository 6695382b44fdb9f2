import type { Detector } from '../../detector.ts'
import { lockedPackages } from './locked-package.ts'

const maxBytes = 16 * 1024 ** 2

/** `Gemfile.lock`: the gems of the section GEM, which come from a gem server; those of PATH are the project's own. */
export const gemfileLock: Detector = {
  name: 'gemfile-lock',
  wants: ({ path }) => /(?:^|\/)Gemfile\.lock$/.test(path),
  async detect(file) {
    let section = ''
    const found = (await file.read(maxBytes))
      .toString('utf8')
      .split(/\r?\n/)
      .flatMap((line) => {
        if (/^[A-Z]/.test(line)) section = line.trim()
        // Four spaces: a gem. Six: what it needs. After the version stands the platform.
        const gem = /^ {4}([^\s(]+) \(([^)\s-]+)(?:-[^)]*)?\)$/.exec(line)
        if (section !== 'GEM' || gem === null) return []
        return [{ name: gem[1] ?? '', version: gem[2] ?? '', licenses: [] }]
      })
    return { packages: lockedPackages('gem', found) }
  },
}
