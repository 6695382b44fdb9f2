import type { RelationNode } from './relation-nodes.ts'

export const nodeWidth = 250
export const nodeHeight = 46
const columnGap = 110
const rowGap = 14
const margin = 16

/** On a phone a node stands below what it hangs on, this much further in. */
const indent = 26

export type Placed = { readonly node: RelationNode; readonly x: number; readonly y: number }

/** Pixels: every node in the column of its depth, what hangs on it right of it, itself at the height of the middle of those. */
export function placeNodes(nodes: readonly RelationNode[]): {
  placed: ReadonlyMap<string, Placed>
  width: number
  height: number
} {
  const placed = new Map<string, Placed>()
  const hanging = Map.groupBy(nodes, ({ on }) => on)
  let rows = 0
  let depthMax = 0
  const place = (node: RelationNode, depth: number): number => {
    depthMax = Math.max(depthMax, depth)
    const below = (hanging.get(node.key) ?? []).map((each) => place(each, depth + 1))
    const [first, last] = [below[0], below.at(-1)]
    let row = rows
    if (first === undefined || last === undefined) rows += 1
    else row = (first + last) / 2
    placed.set(node.key, {
      node,
      x: margin + depth * (nodeWidth + columnGap),
      y: margin + row * (nodeHeight + rowGap),
    })
    return row
  }
  for (const root of hanging.get(undefined) ?? []) place(root, 0)
  return {
    placed,
    width: 2 * margin + (depthMax + 1) * nodeWidth + depthMax * columnGap,
    height: 2 * margin + rows * nodeHeight + Math.max(0, rows - 1) * rowGap,
  }
}

/** Pixels, for a narrow window: one node below the other, those that hang on a node below it and further in. */
export function stackNodes(nodes: readonly RelationNode[]): {
  placed: ReadonlyMap<string, Placed>
  width: number
  height: number
} {
  const placed = new Map<string, Placed>()
  const hanging = Map.groupBy(nodes, ({ on }) => on)
  let depthMax = 0
  const place = (node: RelationNode, depth: number): void => {
    depthMax = Math.max(depthMax, depth)
    const y = margin + placed.size * (nodeHeight + rowGap)
    placed.set(node.key, { node, x: margin + depth * indent, y })
    for (const each of hanging.get(node.key) ?? []) place(each, depth + 1)
  }
  for (const root of hanging.get(undefined) ?? []) place(root, 0)
  return {
    placed,
    width: 2 * margin + nodeWidth + depthMax * indent,
    height: 2 * margin + placed.size * nodeHeight + Math.max(0, placed.size - 1) * rowGap,
  }
}
