import { isClientError } from '@berth/client/client-error.ts'
import { parseImageReference } from '@berth/client/image-reference.ts'
import { isMap, isScalar, isSeq } from 'yaml'
import { entryOf, readYaml } from './find/yaml-text.ts'
import { lockKey } from './lock-file.ts'

/** Two images of one thing: for an accelerator, and for none. Both are names as they were given. */
export type Pair = {
  readonly accelerated: string
  readonly plain: string
  /** Declared in `berth.yaml`, so that whatever they do not share is meant to be shared. */
  readonly isDeclared: boolean
}

const word = /(?:^|[-_.])(gpu|cuda[\d.]*|cu\d{2,3}|rocm[\d.]*|xpu|cpu)(?=[-_.:]|$)/gi

/**
 * The pairs among names of services and references: those that are declared, and those whose names differ only in a word
 * such as `gpu`, `cuda12.4` or `rocm` on the one side and `cpu` or nothing on the other.
 */
export function pairsOf(
  names: readonly string[],
  declared: readonly (readonly [string, string])[],
): readonly Pair[] {
  const pairs: Pair[] = []
  const taken = new Set<string>()
  for (const [first, second] of declared) {
    const [a, b] = [nameAmong(names, first), nameAmong(names, second)]
    if (a === undefined || b === undefined || a === b) continue
    const isTurned =
      variantOf(a).variant !== 'accelerated' && variantOf(b).variant === 'accelerated'
    pairs.push({ accelerated: isTurned ? b : a, plain: isTurned ? a : b, isDeclared: true })
    taken.add(a).add(b)
  }
  const variants = [...new Set(names)].map((name) => ({ name, ...variantOf(name) }))
  for (const { name, variant, rest } of variants) {
    if (variant !== 'accelerated' || taken.has(name)) continue
    const others = variants.filter((each) => each.rest === rest && each.variant !== 'accelerated')
    const other = others.find((each) => each.variant === 'cpu') ?? others[0]
    if (other !== undefined) pairs.push({ accelerated: name, plain: other.name, isDeclared: false })
  }
  return pairs
}

/** The `pairs` of a `berth.yaml`: a list of lists of two names. What has another shape is left out. */
export function declaredPairs(text: string): readonly (readonly [string, string])[] {
  return readYaml(text).documents.flatMap(({ document, root }) => {
    const list = isMap(root) ? entryOf(root, 'pairs', document)?.value : undefined
    if (!isSeq(list)) return []
    return list.items.flatMap((item) => {
      const names = isSeq(item)
        ? item.items.map((each) => (isScalar(each) ? String(each.value) : ''))
        : []
      const [first = '', second = ''] = names
      return names.length === 2 && first !== '' && second !== '' ? [[first, second] as const] : []
    })
  })
}

function nameAmong(names: readonly string[], given: string): string | undefined {
  if (names.includes(given)) return given
  try {
    const key = lockKey(parseImageReference(given))
    return names.includes(key) ? key : undefined
  } catch (error) {
    if (isClientError(error, 'referenceInvalid')) return undefined
    throw error
  }
}

/** Only the last component of a repository and the tag tell of a variant. */
function variantOf(name: string): { variant: 'accelerated' | 'cpu' | 'plain'; rest: string } {
  const slash = name.lastIndexOf('/') + 1
  const words = [...name.slice(slash).replaceAll(':', ':-').matchAll(word)].map(([, found = '']) =>
    found.toLowerCase(),
  )
  const rest = name.slice(0, slash) + name.slice(slash).replaceAll(':', ':-').replaceAll(word, '')
  const variant = words.some((each) => each !== 'cpu')
    ? 'accelerated'
    : words.length > 0
      ? 'cpu'
      : 'plain'
  return { variant, rest: rest.replaceAll(':-', ':') }
}
