import {
  AndFilter,
  type Entry,
  EqualityFilter,
  ExtensibleFilter,
  type Filter,
  FilterParser,
  NoSuchObjectError,
  OrFilter,
} from 'ldapts'
import type { Config } from '../config/schema.ts'
import type { LdapConnection } from './ldap-connection.ts'

type LdapSettings = Config['access']['ldap']

const groupsMax = 1000
const depthMax = 10
const portionSize = 50
/** Active Directory's LDAP_MATCHING_RULE_IN_CHAIN. */
const inChain = '1.2.840.113556.1.4.1941'

/**
 * Finds the groups of an entry, and those that they are in, however they are nested: 10 levels at most, circles do no
 * harm. Throws when there are more than 1000.
 */
export class LdapGroups {
  readonly #settings: LdapSettings
  readonly #filter: Filter

  constructor(settings: LdapSettings) {
    this.#settings = settings
    this.#filter = FilterParser.parseString(settings.groupFilter)
  }

  /** What else to ask for of every entry whose groups will be looked up. */
  get attributes(): readonly string[] {
    return this.#settings.groupMembership === 'memberOf' ? ['memberOf'] : []
  }

  /** The names of all groups, as the setting `groupName` says, in no particular order. */
  async groupsOf(connection: LdapConnection, entry: Entry): Promise<string[]> {
    const { groupBase, groupMembership, nestedGroups } = this.#settings
    if (groupBase === undefined) return []
    const groups = new Map<string, string>()
    const levels = nestedGroups && groupMembership !== 'chain' ? depthMax : 1
    let members: readonly Entry[] = [entry]
    for (let level = 0; level < levels && members.length > 0; level += 1) {
      const found =
        groupMembership === 'memberOf'
          ? await this.#named(connection, groupBase, members, groups)
          : await this.#containing(connection, groupBase, members)
      const fresh = found.filter((group) => !groups.has(plainDn(group.dn)))
      for (const group of fresh) groups.set(plainDn(group.dn), this.#nameOf(group))
      if (groups.size > groupsMax) throw tooMany()
      members = fresh
    }
    return [...new Set(groups.values())].filter((name) => name !== '')
  }

  /** The groups that list one of the members. */
  async #containing(
    connection: LdapConnection,
    base: string,
    members: readonly Entry[],
  ): Promise<Entry[]> {
    const found: Entry[] = []
    for (let start = 0; start < members.length; start += portionSize) {
      const portion = members.slice(start, start + portionSize)
      const lists = portion.flatMap(({ dn }) => this.#membershipFilters(dn))
      const entries = await connection.search(base, {
        scope: 'sub',
        filter: new AndFilter({ filters: [this.#filter, new OrFilter({ filters: lists })] }),
        attributes: ['cn'],
        sizeLimit: groupsMax + 1,
      })
      found.push(...entries)
      if (found.length > groupsMax) throw tooMany()
    }
    return found
  }

  #membershipFilters(dn: string): Filter[] {
    if (this.#settings.groupMembership === 'chain' && this.#settings.nestedGroups) {
      return [new ExtensibleFilter({ matchType: 'member', rule: inChain, value: dn })]
    }
    return ['member', 'uniqueMember'].map(
      (attribute) => new EqualityFilter({ attribute, value: dn }),
    )
  }

  /** The groups that the members say they are in, each read to see that it is one, and where groups are. */
  async #named(
    connection: LdapConnection,
    base: string,
    members: readonly Entry[],
    known: ReadonlyMap<string, string>,
  ): Promise<Entry[]> {
    const names = new Map<string, string>()
    for (const dn of members.flatMap((member) => valuesOf(member, 'memberOf'))) {
      const plain = plainDn(dn)
      if (!known.has(plain) && isBelow(plain, plainDn(base))) names.set(plain, dn)
    }
    if (names.size > groupsMax) throw tooMany()
    const found: Entry[] = []
    for (const dn of names.values()) {
      try {
        found.push(
          ...(await connection.search(dn, {
            scope: 'base',
            filter: this.#filter,
            attributes: ['cn', 'memberOf'],
            sizeLimit: 1,
          })),
        )
      } catch (error) {
        // The name of a group that is gone.
        if (!(error instanceof NoSuchObjectError)) throw error
      }
    }
    return found
  }

  #nameOf(group: Entry): string {
    return this.#settings.groupName === 'dn' ? group.dn : (valuesOf(group, 'cn')[0] ?? '')
  }
}

/** The values of an attribute as text; its name in whatever case the server writes it. */
export function valuesOf(entry: Entry, attribute: string): string[] {
  const key = Object.keys(entry).find((name) => name.toLowerCase() === attribute.toLowerCase())
  const value = key === undefined || key === 'dn' ? [] : entry[key]
  return [value ?? []].flat().map((item) => item.toString('utf8'))
}

/** For comparing names that came from the same server, which writes each in one way. */
function plainDn(dn: string): string {
  return dn.toLowerCase().replaceAll(/\s*,\s*/g, ',')
}

function isBelow(dn: string, base: string): boolean {
  return dn === base || dn.endsWith(`,${base}`)
}

function tooMany(): Error {
  return new Error(`A user of the directory is in more than ${groupsMax} groups.`)
}
