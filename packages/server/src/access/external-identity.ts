import type { InstanceRole } from '../actor.ts'

type RoleMapping = { readonly group: string; readonly role: InstanceRole }

/** Beyond these nothing a directory says about one user is believed to be right. */
const groupsMax = 1000
const groupLengthMax = 1024
const textLengthMax = 256

/** Whether somebody in these groups may sign in at all. */
export function isAdmitted(groups: readonly string[], requiredGroups: readonly string[]): boolean {
  return requiredGroups.length === 0 || requiredGroups.some((group) => groups.includes(group))
}

/** The role that the first matching entry gives, `none` without one; `undefined` when there are no entries. */
export function mappedRole(
  groups: readonly string[],
  mappings: readonly RoleMapping[],
): InstanceRole | undefined {
  if (mappings.length === 0) return undefined
  return mappings.find(({ group }) => groups.includes(group))?.role ?? 'none'
}

/**
 * The groups from a value of any shape: a list of texts, or one text. Each once; what is no usable name is left out.
 * `undefined` when there are too many to be true.
 */
export function readGroups(value: unknown): string[] | undefined {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.length > groupsMax) return undefined
  const usable = list.filter(
    (item): item is string =>
      typeof item === 'string' &&
      item !== '' &&
      item.length <= groupLengthMax &&
      !/\p{Cc}/u.test(item),
  )
  return [...new Set(usable)]
}

/** A text to show, without control characters and of at most 256 characters; `undefined` for anything else. */
export function readText(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value.replaceAll(/\p{Cc}/gu, ' ').trim()
  return text === '' || text.length > textLengthMax ? undefined : text
}
