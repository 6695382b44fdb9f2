export type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Not begun: `after` failed or was left out itself, or everything was stopped. */
  | { readonly kind: 'skipped'; readonly after: string | undefined }

/**
 * Does the work of each item once those that it depends on are done, at most `parallel` at a time. Of what failed, that
 * which depends on it is skipped and the rest goes on, unless `isStopped` says otherwise. Items come dependencies first.
 * Never rejects.
 */
export async function schedule<
  Item extends { readonly name: string; readonly dependsOn: readonly string[] },
  T,
>(
  items: readonly Item[],
  options: { readonly parallel: number; readonly isStopped: () => boolean },
  work: (item: Item) => Promise<T>,
): Promise<ReadonlyMap<string, Outcome<T>>> {
  const outcomes = new Map<string, Outcome<T>>()
  const waiting = new Set(items)
  const running = new Set<Promise<void>>()
  const settle = (): void => {
    for (const item of waiting) {
      const failed = item.dependsOn.find((name) => {
        const outcome = outcomes.get(name)
        return outcome !== undefined && outcome.kind !== 'done'
      })
      if (failed === undefined && !options.isStopped()) continue
      waiting.delete(item)
      outcomes.set(item.name, { kind: 'skipped', after: failed })
    }
  }
  const begin = (item: Item): void => {
    waiting.delete(item)
    const task = work(item)
      .then(
        (value) => void outcomes.set(item.name, { kind: 'done', value }),
        (error: unknown) => void outcomes.set(item.name, { kind: 'failed', error }),
      )
      .finally(() => running.delete(task))
    running.add(task)
  }
  while (waiting.size > 0 || running.size > 0) {
    settle()
    for (const item of waiting) {
      if (running.size >= options.parallel) break
      if (item.dependsOn.every((name) => outcomes.get(name)?.kind === 'done')) begin(item)
    }
    if (running.size > 0) await Promise.race(running)
  }
  // In the order of the items, whatever the order they ended in.
  return new Map(
    items.flatMap(({ name }) => {
      const outcome = outcomes.get(name)
      return outcome === undefined ? [] : [[name, outcome] as const]
    }),
  )
}
