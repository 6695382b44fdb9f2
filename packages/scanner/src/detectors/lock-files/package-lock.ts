import { z } from 'zod'
import { type Detector, Unreadable } from '../../detector.ts'
import { readJsonFile } from '../json-file.ts'
import { type LockedPackage, lockedPackages } from './locked-package.ts'

const maxBytes = 128 * 1024 ** 2
/** Dependencies in dependencies, as version 1 writes them. */
const maximumDepth = 64

const locked = z.object({
  name: z.string().optional(),
  version: z.string().optional(),
  link: z.boolean().optional(),
  license: z.string().optional().catch(undefined),
  dependencies: z.record(z.string(), z.unknown()).optional().catch(undefined),
})
const packageLock = z.object({
  lockfileVersion: z.number(),
  packages: z.record(z.string(), locked).optional(),
  dependencies: z.record(z.string(), z.unknown()).optional(),
})

/** `package-lock.json` and `npm-shrinkwrap.json`, versions 1 to 3: all that would be installed, for development too. */
export const packageLock1To3: Detector = {
  name: 'package-lock',
  wants: ({ path }) => /(?:^|\/)(?:package-lock|npm-shrinkwrap)\.json$/.test(path),
  async detect(file) {
    const lock = await readJsonFile(file, maxBytes, packageLock)
    const found =
      lock.packages === undefined
        ? [...nested(lock.dependencies ?? {}, maximumDepth)]
        : Object.entries(lock.packages).flatMap(([place, entry]) => ofPlace(place, entry))
    return { packages: lockedPackages('npm', found) }
  },
}

/** Places outside `node_modules` are the project's own. */
function ofPlace(place: string, entry: z.infer<typeof locked>): LockedPackage[] {
  const at = place.lastIndexOf('node_modules/')
  if (at === -1 || entry.link === true || entry.version === undefined) return []
  const name = entry.name ?? place.slice(at + 'node_modules/'.length)
  const licenses = entry.license === undefined ? [] : [entry.license]
  return [{ name, version: entry.version, licenses }]
}

function* nested(entries: Record<string, unknown>, depth: number): Generator<LockedPackage> {
  if (depth === 0) throw new Unreadable(`dependencies lie more than ${maximumDepth} deep`)
  for (const [name, value] of Object.entries(entries)) {
    const entry = locked.safeParse(value).data
    if (entry === undefined) throw new Unreadable(`the dependency ${name.slice(0, 100)} is none`)
    const alias = /^npm:(.+)@([^@]+)$/.exec(entry.version ?? '')
    const version = alias?.[2] ?? entry.version ?? ''
    // Other versions are addresses: of a folder, of a repository.
    if (/^\d/.test(version)) yield { name: alias?.[1] ?? name, version, licenses: [] }
    yield* nested(entry.dependencies ?? {}, depth - 1)
  }
}
