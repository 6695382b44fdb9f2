/** What an account of a stand-in may do; each right contains those before it. */
type Rights = 'read' | 'write' | 'delete'

export type Account = {
  readonly name: string
  readonly secret: string
  readonly rights: Rights
  /** The secret runs out so long after the start, by the stand-in's own clock. */
  readonly lifeSeconds?: number | undefined
}

/** The accounts of every stand-in, under the names that its kind gives to them (see each file). */
export const accounts = {
  owner: { name: 'ann', secret: 'owner-secret-1', rights: 'delete' },
  reader: { name: 'reed', secret: 'reader-secret-2', rights: 'read' },
  late: { name: 'late', secret: 'late-secret-3', rights: 'delete', lifeSeconds: 3600 },
} as const satisfies Record<string, Account>

export type NeededAction = 'pull' | 'push' | 'delete'

const order: readonly Rights[] = ['read', 'write', 'delete']
const needed: Readonly<Record<NeededAction, Rights>> = {
  pull: 'read',
  push: 'write',
  delete: 'delete',
}

export function mayDo({ rights }: Account, action: NeededAction): boolean {
  return order.indexOf(rights) >= order.indexOf(needed[action])
}
