import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectRefusal, expectSuccess } from '../clients/behaviour.ts'
import { describeClient } from '../clients/registry.ts'
import { mustRun, requireTool, run } from '../tools/process.ts'
import { callAsAdmin } from './api.ts'
import { type CertificateFiles, openAuthority } from './client-certificate.ts'
import {
  identities,
  makeKey,
  makeRobot,
  makeUser,
  makeUserWithSecondFactor,
  signIn,
  signInByProvider,
  workloadToken,
} from './identities.ts'
import { type ImageClient, nobody, smallImage, startCrane, startDocker } from './image-clients.ts'
import { directoryPassword, type Installation, startInstallation } from './installation.ts'
import { type Login, pushStatus } from './login.ts'

const tools =
  'dockerd docker containerd runc unshare crane skopeo curl slapd ldapmodify openssl'.split(' ')

/** What each prints for one who may not: docker says this much, crane what Berth answers to other than HEAD. */
const messages = {
  docker: {
    push: /^denied: requested access to the resource is denied/m,
    pull: /^Error response from daemon: pull access denied .* requested access to the resource is denied/m,
  },
  crane: {
    push: /401 Unauthorized|The token does not allow to push/,
    pull: /The token does not allow to pull .*\bother\/\w+, or it does not exist/,
  },
}
const refused = /denied|unauthorized/i

describeClient('each kind of identity, with docker and crane', tools, () => {
  let at: Installation
  const clients = new Map<string, ImageClient>()
  const logins = new Map<string, Login>()
  beforeAll(async () => {
    at = await startInstallation()
    for (const [name, start] of [
      ['docker', startDocker],
      ['crane', startCrane],
    ] as const) {
      const folder = join(at.folder, name)
      await mkdir(folder)
      clients.set(name, await start(at.berth, folder))
    }
    const admin = { name: at.berth.username, password: at.berth.password }
    expectSuccess(await client('crane').login(admin))
    for (const repository of ['acme/base', 'other/app']) {
      expectSuccess(await client('crane').push(admin, repository))
    }
    for (const [name, make] of Object.entries(identities)) logins.set(name, await make(at))
  }, 180_000)
  afterAll(async () => {
    for (const one of clients.values()) await one.stop()
    await at?.stop()
  })

  const client = (name: string): ImageClient => {
    const found = clients.get(name)
    if (found === undefined) throw new Error(`${name} was not started`)
    return found
  }
  const loginOf = (name: string): Login => logins.get(name) ?? { name, password: '' }

  describe.each(['docker', 'crane'] as const)('%s', (program) => {
    const mayNot = messages[program]
    it.each(Object.keys(identities))('logs in %s, who pushes and pulls', async (who) => {
      const login = loginOf(who)
      expectSuccess(await client(program).login(login))
      const repository = `acme/${program}-${Object.keys(identities).indexOf(who)}`
      expectSuccess(await client(program).push(login, repository))
      expectSuccess(await client(program).pull(login, repository))
      expectSuccess(await client(program).pull(login, 'acme/base'))
    })

    it.each(Object.keys(identities))('is refused elsewhere for %s, and says so', async (who) => {
      expectRefusal(await client(program).push(loginOf(who), 'other/app'), mayNot.push)
      expectRefusal(await client(program).pull(loginOf(who), 'other/app'), mayNot.pull)
      expectRefusal(await client(program).pull(loginOf(who), 'other/missing'), mayNot.pull)
    })

    it('refuses a wrong secret of any kind, and says so', async () => {
      for (const who of ['a user with a password', 'a robot', 'a user of the directory']) {
        const wrong = { ...loginOf(who), password: 'a guess' }
        expectRefusal(
          await client(program).login(wrong),
          / is wrong, or the (user|robot) is disabled/,
        )
      }
      const { password } = loginOf('a key that may push')
      expectRefusal(
        await client(program).login({ name: 'ulla', password }),
        /The key is wrong, expired or revoked/,
      )
    })

    it('refuses the password of a user with a second factor, and tells what to use', async () => {
      const { login } = await makeUserWithSecondFactor(at, `tina-${program}`)
      expectRefusal(
        await client(program).login(login),
        /Make an API key and use it as the password/,
      )
    })

    it('refuses a workload that no rule is for, and says so', async () => {
      const password = await workloadToken(at, 'repo:evil/app:main')
      const stranger = { name: 'workload', password }
      expectRefusal(await client(program).login(stranger), /no rule here lets its claims in/)
      const broken = { name: 'workload', password: 'no token' }
      expectRefusal(await client(program).login(broken), /it is not a signed JSON web token/)
    })

    it('pulls and does not push with a key that is for pulling alone', async () => {
      const { name, password } = await makeUser(at, `paul-${program}`)
      const key = await makeKey(at, await signIn(at, { name, password }), ['pull'])
      const login = { name, password: key }
      expectSuccess(await client(program).login(login))
      expectSuccess(await client(program).pull(login, 'acme/base'))
      expectRefusal(await client(program).push(login, 'acme/more'), mayNot.push)
    })

    it('is refused with a robot from the moment that it is disabled', async () => {
      const { id, login } = await makeRobot(at, `short-${program}`)
      expectSuccess(await client(program).login(login))
      expectSuccess(await client(program).push(login, 'acme/robot'))
      const path = `/projects/acme/robots/${id}`
      const { status } = await callAsAdmin(at.berth, 'PATCH', path, { disabled: true })
      expect(status).toBe(200)
      expectRefusal(await client(program).push(login, 'acme/robot'), refused)
      expectRefusal(
        await client(program).login(login),
        /the secret is wrong, or the robot is disabled/,
      )
    })
  })

  it('takes in force what the directory says of a group, with its next sync', async () => {
    const lena = { name: 'lena', password: directoryPassword }
    const docker = client('docker')
    expectSuccess(await docker.login(lena))
    expectSuccess(await docker.push(lena, 'acme/lena'))
    const { slapd } = at
    const change = (how: 'add' | 'delete') =>
      slapd.modify(
        `dn: cn=platform,ou=groups,${slapd.suffix}\nchangetype: modify\n${how}: member\nmember: uid=lena,ou=people,${slapd.suffix}\n`,
      )
    await change('delete')
    expect(await eventually(async () => (await docker.push(lena, 'acme/lena')).status !== 0)).toBe(
      true,
    )
    expectRefusal(await docker.pull(lena, 'acme/lena'), refused)
    expectSuccess(await docker.login(lena))
    await change('add')
    expect(await eventually(async () => (await docker.push(lena, 'acme/lena')).status === 0)).toBe(
      true,
    )
  })

  it('takes in force what the provider says of groups, with the next sign-in', async () => {
    const { provider } = at
    const docker = client('docker')
    await provider.setUser('id-2', { preferred_username: 'otto', groups: [] })
    const login = { name: 'otto', password: await makeKey(at, await signInByProvider(at, 'id-2')) }
    expectSuccess(await docker.login(login))
    expectRefusal(await docker.push(login, 'acme/otto'), refused)
    await provider.setUser('id-2', { preferred_username: 'otto', groups: ['developers'] })
    await signInByProvider(at, 'id-2')
    expectSuccess(await docker.push(login, 'acme/otto'))
    await provider.setUser('id-2', { preferred_username: 'otto', groups: ['others'] })
    await signInByProvider(at, 'id-2')
    expectRefusal(await docker.push(login, 'acme/otto'), refused)
  })

  it('exchanges the token of a workload for one of the registry', async () => {
    const exchange = async (subject: string) =>
      fetch(`${at.berth.origin}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
          subject_token: await workloadToken(at, subject),
          scope: 'repository:acme/exchange:pull,push repository:other/app:pull,push',
        }),
      })
    const answer = await exchange('repo:acme/app:main')
    expect(answer.status).toBe(200)
    const { token, scope } = (await answer.json()) as { token: string; scope: string }
    expect(scope).toBe('repository:acme/exchange:pull,push')
    expect(await pushStatus(at.berth, 'acme/exchange', token)).toBe(202)
    expect(await pushStatus(at.berth, 'other/app', token)).toBe(401)
    expect((await exchange('repo:evil/app:main')).status).toBe(401)
  })

  describe('a client certificate', () => {
    const curl = async (path: string, files?: CertificateFiles) => {
      const shown = files ? ['--cert', files.certificateFile, '--key', files.keyFile] : []
      const url = `${at.berth.origin}${path}`
      const args = [
        '--silent',
        '--cacert',
        at.berth.caFile,
        ...shown,
        '--write-out',
        ' %{http_code}',
      ]
      return mustRun(requireTool('curl'), [...args, url])
    }

    it('logs docker in as the robot that it stands for', async () => {
      await makeRobot(at, 'builder')
      const folder = join(at.folder, 'docker-certificate')
      await mkdir(folder)
      const docker = await startDocker(at.berth, folder, await at.authority.issue('build-7'))
      try {
        expectSuccess(await docker.push(nobody, 'acme/certificate'))
        expectSuccess(await docker.pull(nobody, 'acme/certificate'))
        const reason = /acme\+builder may not .*\bother\/app, or it does not exist/
        expectRefusal(await docker.push(nobody, 'other/app'), reason)
        expectRefusal(await docker.pull(nobody, 'other/app'), reason)
      } finally {
        await docker.stop()
      }
    })

    it('logs skopeo in as the user that it names', async () => {
      await makeUser(at, 'cora')
      const { certificateFile, keyFile } = await at.authority.issue('cora')
      const folder = join(at.folder, 'skopeo')
      await mkdir(folder)
      await copyFile(at.berth.caFile, join(folder, 'ca.crt'))
      await copyFile(certificateFile, join(folder, 'client.cert'))
      await copyFile(keyFile, join(folder, 'client.key'))
      const { directory } = await smallImage(join(at.folder, 'skopeo'))
      const push = (repository: string) => {
        const args = ['copy', '--authfile', join(folder, 'none.json'), '--dest-cert-dir', folder]
        const target = `docker://${at.berth.host}/${repository}:latest`
        return run(requireTool('skopeo'), [...args, `oci:${directory}:latest`, target])
      }
      expectSuccess(await push('acme/skopeo'))
      expectRefusal(await push('other/app'), /other\/app: 403 \(Forbidden\)/)
    })

    it('counts for nothing by itself: the name must be known, and its authority', async () => {
      const known = await curl('/v2/', await at.authority.issue('build-8'))
      expect(known).toMatch(/ 200$/)
      const unknown = await curl('/v2/', await at.authority.issue('stranger'))
      expect(unknown).toMatch(/belongs to no user or robot of this registry.* 401$/)
      const otherAuthority = await openAuthority(join(at.folder, 'others'))
      expect(await curl('/v2/', await otherAuthority.issue('build-7'))).toMatch(/Log in.* 401$/)
      expect(await curl('/v2/')).toMatch(/Log in.* 401$/)
    })
  })

  it('writes no secret to the log', () => {
    for (const { password } of logins.values()) expect(at.berth.logs()).not.toContain(password)
  })
})

/** Asks until it is so; what comes from a directory comes with its next sync. */
async function eventually(isSo: () => Promise<boolean>): Promise<boolean> {
  for (let round = 0; round < 60; round += 1) {
    if (await isSo()) return true
    await sleep(300)
  }
  return false
}
