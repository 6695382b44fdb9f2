import type { Detector } from '../../detector.ts'
import { type LockedPackage, lockedPackages } from './locked-package.ts'

const maxBytes = 64 * 1024 ** 2

/** `yarn.lock` of Yarn 1 and of later ones, whose entries look alike. */
export const yarnLock: Detector = {
  name: 'yarn-lock',
  wants: ({ path }) => /(?:^|\/)yarn\.lock$/.test(path),
  async detect(file) {
    const text = (await file.read(maxBytes)).toString('utf8')
    return { packages: lockedPackages('npm', [...entriesOf(text)]) }
  },
}

/** An entry begins in the first column (`"a@^1", a@^2:`); its version and resolution follow, set in. */
function* entriesOf(text: string): Generator<LockedPackage> {
  let name: string | undefined
  for (const line of text.split(/\r?\n/)) {
    if (/^\S/.test(line)) name = line.startsWith('#') ? undefined : nameOf(line)
    const version = /^ {2}version:? "?([^"\s]+)"?$/.exec(line)?.[1]
    // Of folders of the project Yarn says that they have this version.
    if (name !== undefined && version !== undefined && !version.startsWith('0.0.0-use.local')) {
      yield { name, version, licenses: [] }
    }
  }
}

function nameOf(line: string): string | undefined {
  const first = /^"?((?:@[^@/"]+\/)?[^@/"]+)@([^",:]*(?::[^",]*)?)/.exec(line)
  const alias = /^npm:((?:@[^@/]+\/)?[^@/]+)@/.exec(first?.[2] ?? '')
  if (/^(?:workspace|link|portal|file):/.test(first?.[2] ?? '')) return undefined
  return alias?.[1] ?? first?.[1]
}
