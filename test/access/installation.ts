import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import {
  openTestIssuer,
  type TestIssuer,
  type TestKey,
} from '../../packages/server/src/testing/open-test-issuer.ts'
import { tlsHostName } from '../clients/registry.ts'
import { type Berth, startBerth } from '../tools/berth.ts'
import { type OidcProvider, startOidcProvider } from '../tools/oidc-provider.ts'
import { freePort } from '../tools/process.ts'
import { group, person, type Slapd, startSlapd } from '../tools/slapd.ts'
import { callAsAdmin } from './api.ts'
import { type CertificateAuthority, openAuthority } from './client-certificate.ts'

/** One Berth over TLS with everything around it that people and machines can come from. */
export type Installation = {
  readonly berth: Berth
  readonly slapd: Slapd
  readonly provider: OidcProvider
  readonly issuer: TestIssuer
  /** That of the issuer. */
  readonly issuerKey: TestKey
  readonly authority: CertificateAuthority
  /** A temporary folder, removed by `stop`. */
  readonly folder: string
  stop(): Promise<void>
}

/** The people of the directory, all with this password. */
export const directoryPassword = 'what the directory knows'
const directoryPeople = ['alice', 'lena']
export const audience = 'https://registry.berth.test'

/**
 * Starts all of it. Of the two projects, `acme` and `other`, both private, the developers of `acme` are the groups
 * `platform` of the directory and `developers` of the provider; each other identity is a test's own to make.
 */
export async function startInstallation(): Promise<Installation> {
  const stops: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const end of stops.toReversed()) await end()
  }
  try {
    const folder = await mkdtemp(join(tmpdir(), 'berth-installation-'))
    stops.push(() => rm(folder, { recursive: true, force: true }))
    const authority = await openAuthority(join(folder, 'clients'))
    const slapd = await startSlapd(
      [
        ...directoryPeople.map((name) => person(name, directoryPassword)),
        // It keeps one member, or it would be no group any more.
        group('platform', ['cn=admin,dc=example,dc=com', ...directoryPeople.map(toUid)]),
      ].join('\n'),
    )
    stops.push(() => slapd.stop())
    const port = await freePort()
    const provider = await startOidcProvider({
      users: {},
      clients: [
        { id: 'berth', redirectUris: [`https://127.0.0.1:${port}/api/v1/auth/oidc/corp/callback`] },
      ],
    })
    stops.push(() => provider.stop())
    const issuer = await openTestIssuer()
    stops.push(() => issuer.close())
    const issuerKey = await issuer.addKey('k1')
    const berth = await startBerth({
      port,
      tls: {
        hosts: [tlsHostName],
        clientCertificates: {
          caFile: authority.certificateFile,
          rules: [
            { match: { commonName: 'build-*' }, robot: 'acme+builder' },
            { match: { commonName: '*' }, user: '{commonName}' },
          ],
        },
      },
      config: settingsFor(slapd, provider, issuer),
    })
    stops.push(() => berth.stop())
    const known = getCACertificates('default')
    setDefaultCACertificates([...known, await readFile(berth.caFile, 'utf8')])
    stops.push(async () => setDefaultCACertificates(known))
    await setUpProjects(berth)
    return { berth, slapd, provider, issuer, issuerKey, authority, folder, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function settingsFor(slapd: Slapd, provider: OidcProvider, issuer: TestIssuer) {
  return {
    access: {
      ldap: {
        urls: [slapd.secureUrl],
        caFile: slapd.caFile,
        userBase: `ou=people,${slapd.suffix}`,
        groupBase: `ou=groups,${slapd.suffix}`,
        // The shortest there is: six seconds.
        syncMinutes: 0.1,
        cacheSeconds: 0,
      },
      oidc: [
        {
          id: 'corp',
          name: 'Corporation',
          issuer: provider.issuer,
          clientId: 'berth',
          scopes: ['profile', 'groups'],
        },
      ],
      workloads: [{ issuer: issuer.url, audience }],
    },
    outbound: { allowedNetworks: ['127.0.0.1'], caFile: provider.caFile },
  }
}

async function setUpProjects(berth: Berth): Promise<void> {
  const set = async (method: string, path: string, body: unknown): Promise<void> => {
    const { status } = await callAsAdmin(berth, method, path, body)
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}`)
  }
  for (const name of ['acme', 'other']) await set('POST', '/projects', { name })
  for (const [name, source] of [
    ['platform', 'ldap'],
    ['developers', 'oidc:corp'],
  ]) {
    await set('POST', '/groups', { name, source, externalName: name })
    await set('PUT', `/projects/acme/members/group/${name}`, { role: 'developer' })
  }
}

function toUid(name: string): string {
  return `uid=${name}`
}
