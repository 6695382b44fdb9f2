import {
  type Finding,
  type FoundReference,
  lineStarts,
  placeOf,
  standingOf,
} from './found-reference.ts'
import { suffixSite } from './pin-site.ts'

/** One line with a literal image: what stands before it, a quote, the reference, the same quote, then at most a comment. */
const imageLine =
  /^([ \t]*(?:- +)*(?:image|"image"|'image'):[ \t]+)(["']?)([^\s"'#{}]+)\2[ \t]*(?:[ \t]#.*)?$/
const blockStart =
  /^([ \t]*)(?:- +)*(?:[^\s#'"][^#]*:|"[^"]*":|'[^']*':|-)[ \t]+[|>][-+0-9]*[ \t]*(?:[ \t]#.*)?$/

/**
 * The images that a template names literally: lines `image: repository:tag`. It is read line by line, for with `{{ }}` in
 * it, it is no YAML; what stands in block scalars and in comments of the template is left alone.
 */
export function findInTemplate(text: string): Finding {
  const starts = lineStarts(text)
  const references: FoundReference[] = []
  let block: number | undefined
  let isComment = false
  for (const [at, start] of starts.entries()) {
    const line = text.slice(start, starts[at + 1] ?? text.length).replace(/[\r\n]+$/, '')
    const wasComment = isComment
    isComment = endsInComment(line, isComment)
    if (wasComment || isComment) continue
    if (block !== undefined) {
      if (line.trim() === '' || indentOf(line) > block) continue
      block = undefined
    }
    const opening = blockStart.exec(line)
    if (opening !== null) {
      block = (opening[1] ?? '').length
      continue
    }
    const found = imageLine.exec(at === 0 ? line.replace(/^\uFEFF/, ' ') : line)
    const [, head = '', quote = '', reference = ''] = found ?? []
    if (found === null) continue
    const from = start + head.length + quote.length
    const end = from + reference.length
    references.push({
      kind: 'helmTemplate',
      text: reference,
      ...placeOf(starts, from, end),
      standing: /\$/.test(reference)
        ? { state: 'unresolved', reason: 'a part of it is filled in later' }
        : standingOf(reference, () => suffixSite(text, end)),
    })
  }
  return { references, faults: [] }
}

/** Whether the line leaves a comment of the template open. */
function endsInComment(line: string, isOpen: boolean): boolean {
  let open = isOpen
  let at = 0
  while (at < line.length) {
    const next = open ? line.indexOf('*/', at) : /\{\{-?\s*\/\*/.exec(line.slice(at))
    if (next === -1 || next === null) return open
    at = typeof next === 'number' ? next + 2 : at + next.index + next[0].length
    open = !open
  }
  return open
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}
