import type { Detector } from '../../detector.ts'
import { normalizeName } from '../python.ts'
import { lockedPackages } from './locked-package.ts'
import { tomlPackages } from './toml-packages.ts'

const maxBytes = 32 * 1024 ** 2

/** `poetry.lock`, `uv.lock` and `pdm.lock`, which list packages alike. What lies in the project's own folders is left out. */
export const poetryLock: Detector = {
  name: 'poetry-lock',
  wants: ({ path }) => /(?:^|\/)(?:poetry|uv|pdm)\.lock$/.test(path),
  async detect(file) {
    const tables = [...tomlPackages((await file.read(maxBytes)).toString('utf8'))]
    const found = tables.flatMap((table) => {
      const [name, version] = [table.get('name'), table.get('version')]
      const isOwn =
        table.get('type') === 'directory' ||
        /\b(?:editable|virtual|directory)\s*=/.test(table.get('source') ?? '')
      if (name === undefined || version === undefined || isOwn) return []
      return [{ name: normalizeName(name), version, licenses: [] }]
    })
    return { packages: lockedPackages('pypi', found) }
  },
}
