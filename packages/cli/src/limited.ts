/**
 * Calls `work` for each item, at most `limit` at a time, and gives the results in the order of the items. The first
 * failure is thrown once the calls that are under way have ended; no further one is begun.
 */
export async function mapLimited<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, at: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  let fault: { error: unknown } | undefined
  const worker = async (): Promise<void> => {
    while (next < items.length && fault === undefined) {
      const at = next
      next += 1
      try {
        results[at] = await work(items[at] as Item, at)
      } catch (error) {
        fault ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
  if (fault !== undefined) throw fault.error
  return results
}
