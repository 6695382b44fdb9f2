import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type PackageFile = { name?: string; version?: string; license?: string }

/**
 * The licences of the packages whose code is in a bundle, which ask to be named with it: of each its name, version and
 * licence, and the texts that it brings. `modules` are the files in the bundle; those outside of `node_modules` are left out.
 * `of` begins the text: `The console`.
 */
export function licencesOf(of: string, modules: readonly string[]): string {
  const folders = modules.flatMap(
    // A plugin of the bundler marks its files with a zero byte.
    (id) => /^[^\0]*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? [],
  )
  const texts = [...new Set(folders)].flatMap((folder) => {
    const file = join(folder, 'package.json')
    if (!existsSync(file)) return []
    const { name, version, license } = JSON.parse(readFileSync(file, 'utf8')) as PackageFile
    // What npm links into `node_modules` of Berth itself.
    if (name === undefined || name.startsWith('@berth/')) return []
    const parts = [`${name} ${version ?? ''} (${license ?? 'its licence is not said'})`]
    return [[...parts, ...licenceTexts(folder)].join('\n\n')]
  })
  const head = `${of} contains code of these packages, under their own licences.`
  return `${[head, ...new Set(texts.toSorted())].join('\n\n---\n\n')}\n`
}

function licenceTexts(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(?:licen[cs]e|copying|notice)\b/i.test(entry.name))
    .map(({ name }) => readFileSync(join(folder, name), 'utf8').trim())
}
