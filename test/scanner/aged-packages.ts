type Event = { introduced?: string; fixed?: string; last_affected?: string }
type Record_ = {
  affected: readonly {
    package: { ecosystem: string; name: string }
    ranges?: readonly { type: string; events: readonly Event[] }[]
    versions?: readonly string[]
  }[]
}

/**
 * A dpkg status like the given one, but old: packages that advisories of Debian 11 name get a version just below, at or
 * just above one of their fixes, as `seed` chooses, and for every other source that they name there is a package of each
 * such version. `count` is the number of packages.
 */
export function agedPackages(
  status: string,
  records: readonly object[],
  seed: number,
): { status: string; count: number } {
  const random = generator(seed)
  const fixes = fixesOf(records as readonly Record_[])
  const stanzas = status.split('\n\n').filter((stanza) => /^Package: /m.test(stanza))
  const present = new Set<string>()
  const aged = stanzas.map((stanza) => {
    const [, source = '', bracket] =
      /^Source: (\S+)(?: \((\S+)\))?$/m.exec(stanza) ?? /^Package: (\S+)$/m.exec(stanza) ?? []
    present.add(source)
    const known = fixes.get(source)
    if (known === undefined) return stanza
    const version = around(known[random(known.length)] ?? '')[random(3)] ?? ''
    return bracket === undefined
      ? stanza.replace(/^Version: .*$/m, `Version: ${version}`)
      : stanza.replace(/^Source: .*$/m, `Source: ${source} (${version})`)
  })
  for (const [source, known] of fixes) {
    if (present.has(source)) continue
    const fix = known[random(known.length)] ?? ''
    for (const [index, version] of around(fix).entries()) {
      aged.push(
        `Package: ${source}-part${index}\nStatus: install ok installed\nArchitecture: amd64\nMaintainer: Debian Maintainers <debian@example.org>\nSource: ${source} (${version})\nVersion: 1:${version.replace(/^\d+:/, '')}+b1\nDescription: part ${index}`,
      )
    }
  }
  return { status: `${aged.map((stanza) => stanza.trim()).join('\n\n')}\n`, count: aged.length }
}

/** Just below, at, and just above. */
function around(fix: string): string[] {
  return [`${fix}~`, fix, `${fix}+1`]
}

function fixesOf(records: readonly Record_[]): Map<string, string[]> {
  const fixes = new Map<string, string[]>()
  for (const { affected } of records) {
    for (const { package: subject, ranges = [] } of affected) {
      if (subject.ecosystem !== 'Debian:11') continue
      for (const { fixed } of ranges.flatMap(({ events }) => events)) {
        if (fixed !== undefined)
          fixes.set(subject.name, [...(fixes.get(subject.name) ?? []), fixed])
      }
    }
  }
  return fixes
}

/**
 * Of every package that Python's advisories name: a version that the first of them lists, one that it fixes, and one beyond
 * both.
 */
export function agedWheels(
  records: readonly object[],
  seed: number,
): { name: string; version: string }[] {
  const random = generator(seed)
  const wheels = new Map<string, { name: string; version: string }>()
  const seen = new Set<string>()
  for (const { affected } of records as readonly Record_[]) {
    for (const { package: subject, ranges = [], versions = [] } of affected) {
      const name = subject.name.toLowerCase().replaceAll(/[-_.]+/g, '-')
      if (seen.has(name)) continue
      seen.add(name)
      const fixes = ranges
        .filter(({ type }) => type !== 'GIT')
        .flatMap(({ events }) => events.flatMap(({ fixed }) => fixed ?? []))
      const chosen = [
        versions[random(Math.max(1, versions.length))],
        fixes[random(Math.max(1, fixes.length))],
        '9999.1',
      ]
      for (const version of chosen) {
        if (version === undefined || version.includes('/')) continue
        wheels.set(`${name} ${version}`, { name, version })
      }
    }
  }
  return [...wheels.values()]
}

/** The same numbers from the same seed, each below `limit`. */
function generator(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}
