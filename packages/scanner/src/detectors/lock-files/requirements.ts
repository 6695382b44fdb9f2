import type { Detector } from '../../detector.ts'
import { normalizeName } from '../python.ts'
import { type LockedPackage, lockedPackages } from './locked-package.ts'

const maxBytes = 8 * 1024 ** 2

/**
 * `requirements*.txt` of pip: what is pinned (`name==1.2`). What is not pinned has no version that could be looked up, and
 * is said to be not covered. https://pip.pypa.io/en/stable/reference/requirements-file-format/
 */
export const requirements: Detector = {
  name: 'requirements',
  wants: ({ path }) => /(?:^|\/)[^/]*requirements[^/]*\.txt$/.test(path),
  async detect(file) {
    const text = (await file.read(maxBytes)).toString('utf8').replaceAll(/\\\r?\n/g, ' ')
    const lines = text
      .split(/\r?\n/)
      .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
      .filter((line) => line !== '' && !line.startsWith('-'))
    const pinned = lines.flatMap(pinnedPackage)
    const open = lines.length - pinned.length
    return {
      packages: lockedPackages('pypi', pinned),
      ...(open > 0 && { notCovered: `${open} requirements have no fixed version (==).` }),
    }
  },
}

function pinnedPackage(line: string): LockedPackage[] {
  const found = /^([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*={2,3}\s*([^\s;,*]+)(?=\s|;|$)/.exec(
    line,
  )
  if (found === null) return []
  return [{ name: normalizeName(found[1] ?? ''), version: found[2] ?? '', licenses: [] }]
}
