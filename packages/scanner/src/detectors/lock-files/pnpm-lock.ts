import { parse } from 'yaml'
import { z } from 'zod'
import { type Detector, Unreadable } from '../../detector.ts'
import { type LockedPackage, lockedPackages } from './locked-package.ts'

const maxBytes = 32 * 1024 ** 2
const pnpmLock = z.object({ packages: z.record(z.string(), z.unknown()).optional() })

/** `pnpm-lock.yaml`, versions 5 to 9. */
export const pnpmLock5To9: Detector = {
  name: 'pnpm-lock',
  wants: ({ path }) => /(?:^|\/)pnpm-lock\.yaml$/.test(path),
  async detect(file) {
    const lock = pnpmLock.safeParse(parseYaml((await file.read(maxBytes)).toString('utf8'))).data
    if (lock === undefined) throw new Unreadable('it has no packages by name')
    return {
      packages: lockedPackages('npm', Object.keys(lock.packages ?? {}).flatMap(nameAndVersion)),
    }
  },
}

function parseYaml(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0, schema: 'core', uniqueKeys: false, logLevel: 'error' })
  } catch (cause) {
    throw new Unreadable(`it is not YAML: ${String(cause)}`, { cause })
  }
}

/** `/@a/b/1.0.0_peer@2` (5), `/@a/b@1.0.0(peer@2)` (6), `@a/b@1.0.0` (9); addresses and folders are not packages. */
function nameAndVersion(key: string): LockedPackage[] {
  const plain = key.replace(/\(.*$/, '')
  const found =
    /^\/?((?:@[^/@]+\/)?[^/@]+)@(\d[^/@]*)$/.exec(plain) ??
    /^\/((?:@[^/@]+\/)?[^/@]+)\/(\d[^/_]*)/.exec(plain)
  return found === null ? [] : [{ name: found[1] ?? '', version: found[2] ?? '', licenses: [] }]
}
