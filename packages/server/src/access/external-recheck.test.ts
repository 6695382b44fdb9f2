import { describe, expect, it } from 'vitest'
import { lapseOf } from './external-recheck.ts'

const synced = '2026-11-21T10:00:00.000Z'
const providers = [
  { id: 'corp', recheckHours: 24 },
  { id: 'lax', recheckHours: 0 },
]
const lapse = (source: string, syncedAt: string | null = synced) =>
  lapseOf(providers, { source, syncedAt })

describe('lapseOf', () => {
  it('is about users of a provider only', () => {
    for (const source of ['local', 'htpasswd', 'ldap', 'oidc']) {
      expect(lapse(source)).toBeUndefined()
      expect(lapse(source, null)).toBeUndefined()
    }
  })

  it('is the hours of the setting after they last signed in', () => {
    expect(lapse('oidc:corp')).toBe(Date.parse('2026-11-22T10:00:00Z'))
    expect(lapse('oidc:corp', null)).toBe(0)
    expect(lapse('oidc:lax')).toBeUndefined()
  })

  it('is at once when the provider is taken out of the settings', () => {
    expect(lapse('oidc:gone')).toBe(0)
  })
})
