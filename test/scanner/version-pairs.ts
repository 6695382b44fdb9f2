import type { VersionScheme } from '../../packages/scanner/src/versions/compare.ts'
import { Random } from '../faults/random.ts'

export type VersionPair = readonly [string, string]

type Grammar = {
  readonly starts: readonly string[]
  /** One to four of these, with dots between. */
  readonly numbers: readonly string[]
  /** Up to three of these behind the numbers, as they come: what stands at an end, beside a digit, beside itself. */
  readonly pieces: readonly string[]
  readonly ends: readonly string[]
}

const digits = words('0 1 2 9 10 11 00 01 09 100')
const long = words('20240101 20240101123456 12345678901234567890 012345678901234567890')

const grammars: Readonly<Partial<Record<VersionScheme, Grammar>>> = {
  deb: {
    starts: ['', '', '', ...words('0: 1: 2: 10: 01:')],
    numbers: [...digits, ...long],
    pieces: [...words('. ~ ~~ + - -0 a z Z rc dfsg :'), ...digits],
    ends: ['', '', ...words('-1 -0 -1+deb11u1 -1~bpo11+1 -0ubuntu0.1 +b1 ~ + .')],
  },
  rpm: {
    starts: ['', '', '', ...words('0: 1: 2: 10: 01: :')],
    numbers: [...digits, ...long],
    pieces: [...words('. ~ ~~ ^ ^^ _ + .. a z Z rc git'), ...digits],
    ends: ['', '', ...words('-1 -0 -1.el9 -2.fc38 -1~rc1 -1^git1 ~ ^ . -')],
  },
  maven: {
    starts: [''],
    numbers: [...digits, ...long],
    pieces: [
      ...words('. - -- _ .0 -0 -1 a b m x a1 -x-1 .x1 alpha Beta .milestone -rc CR2 snapshot'),
      ...words('.ga final release sp jre -jre8'),
      ...digits,
    ],
    ends: ['', '', ...words('-SNAPSHOT .Final -rc1 .0 -0 -1')],
  },
  pep440: {
    starts: ['', '', '', ...words('v 0! 1!')],
    numbers: [...digits, ...long],
    pieces: words('a b rc alpha1 -beta-2 _c pre .preview1 a01 .0 ..'),
    ends: [
      '',
      '',
      ...words('.post1 -1 .rev2 r3 .dev1 dev .post1.dev2 .dev0 .0'),
      ...words('+abc +1 +abc.1 +ABC.10 +1.abc +ubuntu-1 +01 +abd +0b1 +1e3'),
    ],
  },
  gem: {
    starts: [''],
    numbers: [...digits, ...long],
    pieces: words('.a .B .Z rc .pre beta2 .b10 - .. .0 .1 .0a'),
    ends: ['', '', ...words('.0 .a -1 .pre.1 -rc-1')],
  },
  composer: {
    starts: ['', '', 'v'],
    numbers: [...digits, '2024', '20240101'],
    pieces: words('- _ . -alpha a1 beta2 -b.3 -RC1 rc p1 .pl2 -meh'),
    ends: ['', '', ...words('-dev dev -RC1-dev -stable .x-dev .*-dev +build @beta')],
  },
  go: {
    starts: ['v'],
    numbers: words('0 1 2 9 10 11 100 12345678901234567890 01'),
    pieces: words('-a -rc Z -rc.1 -0 .0 -pre .alpha .beta -1 -01 -a.01'),
    ends: [
      '',
      '',
      ...words('+incompatible +a.b -0 -pre -alpha.1 -alpha.beta'),
      ...words('-0.20240101000000-abcdefabcdef -pre.0.20240101000000-abcdefabcdef'),
    ],
  },
}

/** `count` pairs of versions, the same for the same seed. Every second pair is one version and a small change of it. */
export function versionPairs(scheme: VersionScheme, count: number, seed: string): VersionPair[] {
  const grammar = grammars[scheme]
  if (grammar === undefined) throw new Error(`no pairs are made for ${scheme}`)
  const random = new Random(`${scheme} ${seed}`)
  return Array.from({ length: count }, () => {
    const one = version(grammar, random)
    return [one, random.chance(0.5) ? change(one, grammar, random) : version(grammar, random)]
  })
}

function version(grammar: Grammar, random: Random): string {
  const several = (items: readonly string[], from: number, to: number): string[] =>
    Array.from({ length: random.between(from, to) }, () => random.pick(items))
  const numbers = several(
    grammar.numbers,
    random.chance(0.7) ? 3 : 1,
    random.chance(0.7) ? 3 : 4,
  ).join('.')
  const pieces = random.chance(0.5) ? several(grammar.pieces, 1, 3).join('') : ''
  return `${random.pick(grammar.starts)}${numbers}${pieces}${random.pick(grammar.ends)}`
}

function change(text: string, grammar: Grammar, random: Random): string {
  const at = random.between(grammar.starts.includes('') ? 0 : 1, text.length)
  switch (random.between(0, 5)) {
    case 0:
      return `${text.slice(0, at)}${random.pick(grammar.pieces)}${text.slice(at)}`
    case 1:
      return `${text.slice(0, at)}${text.slice(at + 1)}` || '1'
    case 2:
      return `${text}${random.pick(grammar.ends)}`
    case 3:
      return text.replace(/\d+/, (digits) => `0${digits}`)
    case 4:
      return text.replace(/\d+/, (digits) => `${digits}.0`)
    default:
      return `${random.pick(grammar.starts)}${text.replace(/\d+$/, random.pick(grammar.numbers))}`
  }
}

function words(text: string): string[] {
  return text.split(' ')
}
