export type DiffLine = { readonly kind: 'same' | 'added' | 'removed'; readonly text: string }

/** Beyond so many pairs of lines the middle is shown as removed and added whole. */
const pairsMax = 4_000_000

/** What leads from one text to another, line by line. */
export function diffLines(before: string, after: string): DiffLine[] {
  const [left, right] = [linesOf(before), linesOf(after)]
  let head = 0
  while (head < left.length && head < right.length && left[head] === right[head]) head += 1
  let tail = 0
  while (
    tail < left.length - head &&
    tail < right.length - head &&
    left.at(-1 - tail) === right.at(-1 - tail)
  ) {
    tail += 1
  }
  return [
    ...left.slice(0, head).map((text) => line('same', text)),
    ...middle(left.slice(head, left.length - tail), right.slice(head, right.length - tail)),
    ...left.slice(left.length - tail).map((text) => line('same', text)),
  ]
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

function line(kind: DiffLine['kind'], text: string): DiffLine {
  return { kind, text }
}

/** By the longest common subsequence. */
function middle(left: readonly string[], right: readonly string[]): DiffLine[] {
  const width = right.length + 1
  if (left.length * right.length > pairsMax) {
    return [
      ...left.map((text) => line('removed', text)),
      ...right.map((text) => line('added', text)),
    ]
  }
  const lengths = new Uint16Array((left.length + 1) * width)
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0
  for (let row = left.length - 1; row >= 0; row -= 1) {
    for (let column = right.length - 1; column >= 0; column -= 1) {
      lengths[row * width + column] =
        left[row] === right[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1))
    }
  }
  const lines: DiffLine[] = []
  let [row, column] = [0, 0]
  while (row < left.length || column < right.length) {
    const [old, fresh] = [left[row], right[column]]
    if (old !== undefined && old === fresh) {
      lines.push(line('same', old))
      row += 1
      column += 1
    } else if (
      old !== undefined &&
      (fresh === undefined || at(row + 1, column) >= at(row, column + 1))
    ) {
      lines.push(line('removed', old))
      row += 1
    } else {
      lines.push(line('added', fresh ?? ''))
      column += 1
    }
  }
  return lines
}
