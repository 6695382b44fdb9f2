import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureSelfSigned } from '../../packages/server/src/http/self-signed.ts'
import { findTool, freePort, mustRun, requireTool, startService } from './process.ts'

export type Slapd = {
  readonly pid: number
  /** `ldap://localhost:<port>`; over it StartTLS works too. */
  readonly url: string
  /** `ldaps://localhost:<port>`, with a certificate for localhost by the authority in `caFile`. */
  readonly secureUrl: string
  readonly caFile: string
  readonly suffix: string
  readonly adminDn: string
  readonly adminPassword: string
  readonly logs: () => string
  /** Applies LDIF with `changetype` lines, or adds entries. */
  modify(ldif: string): Promise<void>
  stop(): Promise<void>
}

export const isSlapdInstalled =
  findTool('slapd') !== undefined && findTool('ldapmodify') !== undefined

const suffix = 'dc=example,dc=com'
const adminDn = `cn=admin,${suffix}`
const adminPassword = 'directory admin secret'

function configuration(folder: string, allowAnonymous: boolean): string {
  return `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile ${folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb.la
moduleload memberof.la
TLSCACertificateFile ${folder}/tls/ca.pem
TLSCertificateFile ${folder}/tls/server.pem
TLSCertificateKeyFile ${folder}/tls/server-key.pem
${allowAnonymous ? '' : 'disallow bind_anon'}
# As some directories do: a bind without a password succeeds, and has proven nothing.
allow bind_anon_dn
database mdb
suffix "${suffix}"
rootdn "${adminDn}"
rootpw "${adminPassword}"
directory ${folder}/data
index objectClass,uid,cn,member,uniqueMember,entryUUID eq
overlay memberof
memberof-refint TRUE
access to attrs=userPassword by anonymous auth by * none
access to * by ${allowAnonymous ? '*' : 'users'} read
`
}

/** Starts a real OpenLDAP server on loopback, with the given entries (LDIF) below `dc=example,dc=com`. */
export async function startSlapd(
  ldif: string,
  options: { allowAnonymous?: boolean } = {},
): Promise<Slapd> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-slapd-'))
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    await mkdir(join(folder, 'data'))
    const { caCertificateFile } = await ensureSelfSigned(join(folder, 'tls'), [], new Date())
    const configFile = join(folder, 'slapd.conf')
    await writeFile(configFile, configuration(folder, options.allowAnonymous ?? true))
    const [port, securePort] = [await freePort(), await freePort()]
    const service = await startService(
      requireTool('slapd'),
      [
        '-h',
        `ldap://127.0.0.1:${port}/ ldaps://127.0.0.1:${securePort}/`,
        '-f',
        configFile,
        '-d',
        'stats',
      ],
      { isReady: async () => (await isOpen(port)) && isOpen(securePort) },
    )
    const url = `ldap://localhost:${port}`
    const modify = async (change: string): Promise<void> => {
      await mustRun(
        requireTool('ldapmodify'),
        ['-x', '-a', '-H', `ldap://127.0.0.1:${port}`, '-D', adminDn, '-w', adminPassword],
        { input: change },
      )
    }
    const stop = async (): Promise<void> => {
      await service.stop()
      await removeFolder()
    }
    try {
      // Over the network and not by slapadd, so that the overlay keeps memberOf.
      await modify(`${baseEntries}\n${ldif}`)
    } catch (error) {
      await stop()
      throw error
    }
    return {
      pid: service.pid,
      url,
      secureUrl: `ldaps://localhost:${securePort}`,
      caFile: caCertificateFile,
      suffix,
      adminDn,
      adminPassword,
      logs: service.logs,
      modify,
      stop,
    }
  } catch (error) {
    await removeFolder()
    throw error
  }
}

const baseEntries = `dn: ${suffix}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,${suffix}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${suffix}
objectClass: organizationalUnit
ou: groups
`

/** LDIF of a person below `ou=people`. */
export function person(uid: string, password: string): string {
  return `
dn: uid=${uid},ou=people,${suffix}
objectClass: inetOrgPerson
uid: ${uid}
cn: The ${uid}
sn: ${uid}
mail: ${uid}@example.com
userPassword: ${password}
`
}

/** LDIF of a group below `ou=groups`; members by their whole names, or `uid=…` and `cn=…` alone. */
export function group(cn: string, members: readonly string[]): string {
  const lines = members.map((member) => `member: ${memberDn(member)}`)
  return `\ndn: cn=${cn},ou=groups,${suffix}\nobjectClass: groupOfNames\ncn: ${cn}\n${lines.join('\n')}\n`
}

function memberDn(member: string): string {
  if (member.includes(',')) return member
  return `${member},ou=${member.startsWith('uid=') ? 'people' : 'groups'},${suffix}`
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
