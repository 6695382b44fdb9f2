import { describe, expect, it } from 'vitest'
import { ConfigError } from './config-error.ts'
import { loadConfig } from './load.ts'
import { configSchema } from './schema.ts'

type Overrides = NonNullable<NonNullable<Parameters<typeof loadConfig>[0]>['overrides']>

function faultPaths(overrides: Overrides): string[] {
  try {
    loadConfig({ environment: {}, overrides })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(({ path }) => path)
    throw error
  }
}

const ldap = { urls: ['ldaps://ldap.example.com'], userBase: 'ou=people,dc=example,dc=com' }
const oidc = {
  id: 'corp',
  name: 'Corp',
  issuer: 'https://idp.example.com/realm',
  clientId: 'berth',
}

describe('settings of outside directories', () => {
  it('are off without any', () => {
    const { access, outbound } = loadConfig({ environment: {} })
    expect(access.ldap.urls).toEqual([])
    expect(access.oidc).toEqual([])
    expect(outbound).toMatchObject({ allowedNetworks: [], allowedHosts: [] })
  })

  it('refuse a directory that would get passwords in the open', () => {
    const urls = ['ldap://ldap.example.com']
    expect(faultPaths({ access: { ldap } })).toEqual([])
    expect(faultPaths({ access: { ldap: { ...ldap, urls } } })).toEqual(['access.ldap.urls'])
    expect(faultPaths({ access: { ldap: { ...ldap, urls, startTls: true } } })).toEqual([])
    expect(faultPaths({ access: { ldap: { ...ldap, urls, insecure: true } } })).toEqual([])
  })

  it('need both or none of an account, and to know where users are', () => {
    expect(faultPaths({ access: { ldap: { urls: ldap.urls } } })).toEqual(['access.ldap.userBase'])
    const bindDn = 'cn=berth,dc=example,dc=com'
    expect(faultPaths({ access: { ldap: { ...ldap, bindDn } } })).toEqual(['access.ldap.bindDn'])
    expect(faultPaths({ access: { ldap: { ...ldap, bindDn, bindPassword: 'x' } } })).toEqual([])
  })

  it.each(['uid=x', '(uid=x', '(uid=x))', '(a=b)(c=d)', '()', ''])(
    'refuse the filter %j',
    (userFilter) => {
      expect(faultPaths({ access: { ldap: { ...ldap, userFilter } } })).toEqual([
        'access.ldap.userFilter',
      ])
    },
  )

  it.each([
    'http://idp.example.com',
    'https://idp.example.com?x=1',
    'https://idp.example.com#x',
    'https://user@idp.example.com',
    'idp.example.com',
  ])('refuse the issuer %s', (issuer) => {
    expect(faultPaths({ access: { oidc: [oidc] } })).toEqual([])
    expect(faultPaths({ access: { oidc: [{ ...oidc, issuer }] } })).toEqual([
      'access.oidc[0].issuer',
    ])
  })

  it('refuse two providers of one id, unknown keys and algorithms without a key pair', () => {
    expect(faultPaths({ access: { oidc: [oidc, oidc] } })).toEqual(['access.oidc'])
    const invalid = [
      { secret: 'x' },
      { signingAlgorithms: ['HS256'] },
      { signingAlgorithms: ['none'] },
    ]
    for (const more of invalid) {
      const parsed = configSchema.safeParse({ access: { oidc: [{ ...oidc, ...more }] } })
      expect(parsed.success).toBe(false)
    }
  })

  it('refuse networks and hosts that are none', () => {
    const outbound = { allowedNetworks: ['10.0.0.0/33'], allowedHosts: ['*.example.com'] }
    expect(faultPaths({ outbound })).toEqual([
      'outbound.allowedNetworks[0]',
      'outbound.allowedHosts[0]',
    ])
  })
})
