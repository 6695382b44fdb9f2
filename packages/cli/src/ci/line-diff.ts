/** What would change between two texts of a few hundred lines, line by line: `-` goes, `+` comes, with three lines around. */
export function lineDiff(before: string, after: string): readonly string[] {
  const [old, fresh] = [before.split('\n'), after.split('\n')]
  // Length of the longest common rest from each pair of lines on.
  const common = old.concat('').map(() => fresh.concat('').map(() => 0))
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = fresh.length - 1; j >= 0; j -= 1) {
      const row = common[i] ?? []
      row[j] = old[i] === fresh[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const lines: string[] = []
  for (let i = 0, j = 0; i < old.length || j < fresh.length; ) {
    if (i < old.length && j < fresh.length && old[i] === fresh[j]) {
      lines.push(`  ${old[i]}`)
      i += 1
      j += 1
    } else if (j >= fresh.length || (i < old.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push(`- ${old[i]}`)
      i += 1
    } else {
      lines.push(`+ ${fresh[j]}`)
      j += 1
    }
  }
  return aroundChanges(lines)
}

function aroundChanges(lines: readonly string[]): readonly string[] {
  const isShown = (at: number): boolean =>
    lines.slice(Math.max(0, at - 3), at + 4).some((line) => !line.startsWith('  '))
  const shown: string[] = []
  for (const [at, line] of lines.entries()) {
    if (isShown(at)) shown.push(line)
    else if (shown.length > 0 && shown.at(-1) !== '  …') shown.push('  …')
  }
  return shown
}
