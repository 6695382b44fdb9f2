import type { Detector } from '../../detector.ts'
import { type LockedPackage, lockedPackages } from './locked-package.ts'

const maxBytes = 8 * 1024 ** 2

/** `go.mod`: the modules required, with those that replace them. https://go.dev/ref/mod#go-mod-file */
export const goMod: Detector = {
  name: 'go-mod',
  wants: ({ path }) => /(?:^|\/)go\.mod$/.test(path),
  async detect(file) {
    const directives = [...directivesOf((await file.read(maxBytes)).toString('utf8'))]
    const replacements = new Map(
      directives.filter(({ word }) => word === 'replace').map(({ words }) => replacementOf(words)),
    )
    const found = directives
      .filter(({ word }) => word === 'require')
      .flatMap(({ words: [name, version] }) => {
        if (name === undefined || version === undefined) return []
        const replaced = replacements.get(`${name} ${version}`) ?? replacements.get(name)
        return replaced ?? [{ name, version, licenses: [] }]
      })
    return { packages: lockedPackages('golang', found) }
  },
}

/** One directive a line, or several in parentheses after their word. */
function* directivesOf(text: string): Generator<{ word: string; words: string[] }> {
  let block: string | undefined
  for (const line of text.split(/\r?\n/)) {
    const words = line
      .replace(/\/\/.*$/, '')
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => word.replace(/^(["`])(.*)\1$/, '$2'))
    if (words[0] === ')') block = undefined
    else if (words[1] === '(') block = words[0]
    else if (block !== undefined && words.length > 0) yield { word: block, words }
    else if (words[0] !== undefined) yield { word: words[0], words: words.slice(1) }
  }
}

/** `a v1 => b v2`, `a => b v2`, `a => ../folder`: a folder is the project's own and replaces by nothing. */
function replacementOf(words: readonly string[]): [string, LockedPackage[]] {
  const arrow = words.indexOf('=>')
  const [name, version] = words.slice(arrow + 1)
  return [
    words.slice(0, arrow).join(' '),
    name === undefined || version === undefined ? [] : [{ name, version, licenses: [] }],
  ]
}
