import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Berth, startBerth } from '../tools/berth.ts'
import { group, isSlapdInstalled, person, type Slapd, startSlapd } from '../tools/slapd.ts'
import { callAsAdmin } from './api.ts'
import { dockerLogin, pushStatus, tokenFor } from './login.ts'

const password = 'correct horse battery'
const suffix = 'dc=example,dc=com'
const scope = 'repository:acme/app:pull,push'

describe.skipIf(!isSlapdInstalled && process.env.CI !== 'true')('a directory, slapd', () => {
  let slapd: Slapd
  let berth: Berth
  beforeAll(async () => {
    slapd = await startSlapd(
      [
        ...['alice', 'bob', 'carol'].map((name) => person(name, password)),
        group('team', ['uid=alice', 'uid=carol']),
        group('platform', ['cn=team']),
      ].join('\n'),
    )
    berth = await startBerth({
      config: {
        access: {
          ldap: {
            urls: [slapd.url],
            startTls: true,
            caFile: slapd.caFile,
            userBase: `ou=people,${suffix}`,
            groupBase: `ou=groups,${suffix}`,
            roleMappings: [{ group: 'platform', role: 'developer' }],
            // The shortest there is: six seconds.
            syncMinutes: 0.1,
            cacheSeconds: 0,
          },
        },
      },
    })
  })
  afterAll(async () => {
    await berth?.stop()
    await slapd?.stop()
  })

  /** Asks until it is so; what comes from a directory comes with its next sync. */
  async function eventually(isSo: () => Promise<boolean>): Promise<boolean> {
    for (let round = 0; round < 100; round += 1) {
      if (await isSo()) return true
      await sleep(200)
    }
    return false
  }

  it('lets docker log in with the password of the directory', async () => {
    expect(await dockerLogin(berth, { name: 'alice', password })).toBe(200)
    expect(await dockerLogin(berth, { name: 'alice', password: 'wrong' })).toBe(401)
    expect(await dockerLogin(berth, { name: 'alice', password: '' })).toBe(401)
    expect(await dockerLogin(berth, { name: 'nobody', password })).toBe(401)
    const { body } = await callAsAdmin(berth, 'GET', '/users/alice')
    expect(body).toMatchObject({
      source: 'ldap',
      role: 'developer',
      displayName: 'The alice',
      email: 'alice@example.com',
    })
  })

  it('gives what the groups give, nested ones too, and nothing else', async () => {
    const [alice, bob] = [
      { name: 'alice', password },
      { name: 'bob', password },
    ]
    expect(await pushStatus(berth, 'acme/app', await tokenFor(berth, alice, scope))).toBe(202)
    expect(await dockerLogin(berth, bob)).toBe(200)
    expect([401, 403]).toContain(
      await pushStatus(berth, 'acme/app', await tokenFor(berth, bob, scope)),
    )
  })

  it('takes away what a group gave without a new sign-in, from a token under way too', async () => {
    const group = { name: 'platform', source: 'ldap', externalName: 'platform' }
    expect((await callAsAdmin(berth, 'POST', '/groups', group)).status).toBe(201)
    const isMember = async () => {
      const { body } = await callAsAdmin(berth, 'GET', '/groups/platform/members')
      return (body as { items: { name: string }[] }).items.some(({ name }) => name === 'alice')
    }
    expect(await eventually(isMember)).toBe(true)
    const token = await tokenFor(berth, { name: 'alice', password }, scope)
    expect(await pushStatus(berth, 'acme/app', token)).toBe(202)
    await slapd.modify(
      `dn: cn=team,ou=groups,${suffix}\nchangetype: modify\ndelete: member\nmember: uid=alice,ou=people,${suffix}\n`,
    )
    expect(await eventually(async () => (await pushStatus(berth, 'acme/app', token)) >= 400)).toBe(
      true,
    )
    expect(await eventually(async () => !(await isMember()))).toBe(true)
    expect(await dockerLogin(berth, { name: 'alice', password })).toBe(200)
  })

  it('disables who is gone from the directory', async () => {
    const carol = { name: 'carol', password }
    const token = await tokenFor(berth, carol, scope)
    expect(await pushStatus(berth, 'acme/app', token)).toBe(202)
    await slapd.modify(`dn: uid=carol,ou=people,${suffix}\nchangetype: delete\n`)
    expect(await eventually(async () => (await pushStatus(berth, 'acme/app', token)) >= 400)).toBe(
      true,
    )
    expect(await dockerLogin(berth, carol)).toBe(401)
  })

  it('never writes a password to the log', () => {
    expect(berth.logs()).not.toContain(password)
  })
})
