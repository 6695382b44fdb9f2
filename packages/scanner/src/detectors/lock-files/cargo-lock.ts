import type { Detector } from '../../detector.ts'
import { lockedPackages } from './locked-package.ts'
import { tomlPackages } from './toml-packages.ts'

const maxBytes = 32 * 1024 ** 2

/** `Cargo.lock`: crates that come from somewhere; those without a source are the project's own. */
export const cargoLock: Detector = {
  name: 'cargo-lock',
  wants: ({ path }) => /(?:^|\/)Cargo\.lock$/.test(path),
  async detect(file) {
    const tables = [...tomlPackages((await file.read(maxBytes)).toString('utf8'))]
    const found = tables.flatMap((table) => {
      const [name, version] = [table.get('name'), table.get('version')]
      if (name === undefined || version === undefined || !table.has('source')) return []
      return [{ name, version, licenses: [] }]
    })
    return { packages: lockedPackages('cargo', found) }
  },
}
