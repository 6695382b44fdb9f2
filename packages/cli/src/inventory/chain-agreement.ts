import type { ChainTree } from './base-chains.ts'
import { type BaseHints, readBaseHints } from './base-hints.ts'
import type { InventoryImage } from './images.ts'

/** What all images on a chain say alike. */
export type Agreement = {
  readonly baseName: string | undefined
  /** `undefined` where nobody says one; `null` where they say different ones. */
  readonly baseDigest: string | undefined | null
  readonly label: string | undefined
  readonly runtime: string | undefined
  readonly system: string | undefined
}

type Gathered = { [Key in keyof BaseHints]: string | undefined | null } & { named: number }

/**
 * For each node of the tree what the images on it agree on, from the leaves down to the root in one pass. A base's
 * name counts when half of them or more say it and none says another; anything else when all of them say it.
 */
export function agreeOnHints(
  images: readonly InventoryImage[],
  { nodes }: ChainTree,
): readonly Agreement[] {
  const gathered: (Gathered | undefined)[] = nodes.map(() => undefined)
  for (let at = nodes.length - 1; at >= 0; at -= 1) {
    const { ends, children } = nodes[at] ?? { ends: [], children: [] }
    const parts = [
      ...ends.flatMap((each) => (images[each] === undefined ? [] : [own(images[each])])),
      ...children.flatMap((child) => gathered[child] ?? []),
    ]
    gathered[at] =
      parts.length === 1 ? parts[0] : parts.reduce<Gathered | undefined>(merge, undefined)
  }
  return gathered.map((each, at) => ({
    baseName:
      each !== undefined && each.named * 2 >= (nodes[at]?.count ?? 0)
        ? text(each.baseName)
        : undefined,
    baseDigest: each?.baseDigest,
    label: text(each?.label),
    runtime: text(each?.runtime),
    system: text(each?.system),
  }))
}

function own(image: InventoryImage): Gathered {
  const { baseName, baseDigest, label, runtime, system } = readBaseHints(image)
  return {
    baseName,
    baseDigest,
    label: label ?? null,
    runtime: runtime ?? null,
    system: system ?? null,
    named: baseName === undefined ? 0 : 1,
  }
}

function merge(left: Gathered | undefined, right: Gathered): Gathered {
  if (left === undefined) return right
  return {
    baseName: alike(left.baseName, right.baseName),
    baseDigest: alike(left.baseDigest, right.baseDigest),
    label: alike(left.label, right.label),
    runtime: alike(left.runtime, right.runtime),
    system: alike(left.system, right.system),
    named: left.named + right.named,
  }
}

function alike(
  left: string | undefined | null,
  right: string | undefined | null,
): string | undefined | null {
  if (left === undefined) return right
  return right === undefined || left === right ? left : null
}

function text(value: string | undefined | null): string | undefined {
  return value ?? undefined
}
