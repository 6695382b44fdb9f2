import type { Filters } from './filters.ts'

type Order = 'ascending' | 'descending'

/** What the address says of the order; what it says that no list knows is not heard. `firsts`: where each begins. */
export function orderOf<Name extends string>(
  { sort, order }: Filters,
  firsts: Readonly<Record<Name, Order>>,
  usual: NoInfer<Name>,
): { by: Name; order: Order } {
  const by = sort !== undefined && Object.hasOwn(firsts, sort) ? (sort as Name) : usual
  return { by, order: order === 'ascending' || order === 'descending' ? order : firsts[by] }
}
