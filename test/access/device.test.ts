import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Berth, startBerth } from '../tools/berth.ts'
import { callApi, cookiesOf } from './api.ts'
import { basic, dockerLogin } from './login.ts'

type Started = { deviceCode: string; userCode: string; verificationUri: string; interval: number }
type Problem = { errors?: { rule: string }[] }

describe('the device flow', () => {
  let berth: Berth
  let session: Record<string, string>
  beforeAll(async () => {
    berth = await startBerth()
    const body = { name: berth.username, password: berth.password }
    const answer = await callApi(berth, 'POST', '/session', { body })
    const { csrfToken } = answer.body as { csrfToken: string }
    session = { cookie: cookiesOf(answer), 'x-berth-csrf': csrfToken }
  })
  afterAll(async () => {
    await berth?.stop()
  })

  async function start(): Promise<Started> {
    const body = { clientName: 'berth on build-7' }
    const answer = await callApi(berth, 'POST', '/auth/device', { body })
    expect(answer.status).toBe(201)
    return answer.body as Started
  }
  const redeem = async (deviceCode: string) => {
    const { status, body } = await callApi(berth, 'POST', '/auth/device/token', {
      body: { deviceCode },
    })
    return { status, body, rule: (body as Problem).errors?.[0]?.rule }
  }
  const approve = (headers: Record<string, string>, userCode: string, isApproved = true) =>
    callApi(berth, 'POST', '/auth/device/approve', {
      headers,
      body: { userCode, approve: isApproved },
    })

  it('signs a command line in, which then logs docker in', async () => {
    const { deviceCode, userCode, verificationUri, interval } = await start()
    expect(verificationUri).toBe(`${berth.origin}/device`)
    expect(await redeem(deviceCode)).toMatchObject({ status: 400, rule: 'authorization_pending' })
    expect(await redeem(deviceCode)).toMatchObject({ status: 400, rule: 'slow_down' })
    const shown = await callApi(berth, 'GET', `/auth/device/requests/${userCode}`, {
      headers: session,
    })
    expect(shown.body).toMatchObject({ clientName: 'berth on build-7', address: '127.0.0.1' })
    expect((await approve(session, userCode)).status).toBe(204)
    // As a program that was told to slow down has to.
    await sleep((interval + 5) * 1000)
    const { status, body } = await redeem(deviceCode)
    expect(status).toBe(200)
    const { accessToken, userName } = body as { accessToken: string; userName: string }
    expect(userName).toBe(berth.username)
    expect(await dockerLogin(berth, { name: userName, password: accessToken })).toBe(200)
    expect(await redeem(deviceCode)).toMatchObject({ status: 400, rule: 'invalid_grant' })
    expect(berth.logs()).not.toContain(accessToken)
    expect(berth.logs()).not.toContain(deviceCode)
  })

  it('takes a session or a password to approve, and no key', async () => {
    const first = await start()
    expect((await approve({}, first.userCode)).status).toBe(401)
    // Without the token of the session a page of another site could send this.
    expect((await approve({ cookie: session['cookie'] ?? '' }, first.userCode)).status).toBe(403)
    const login = { name: berth.username, password: berth.password }
    expect((await approve({ authorization: basic(login) }, first.userCode)).status).toBe(204)
    const { body } = await redeem(first.deviceCode)
    const { accessToken } = body as { accessToken: string }
    const second = await start()
    const withKey = { authorization: basic({ name: berth.username, password: accessToken }) }
    expect((await approve(withKey, second.userCode)).status).toBe(403)
    expect(await redeem(second.deviceCode)).toMatchObject({ rule: 'authorization_pending' })
  })

  it('tells a program that was denied', async () => {
    const { deviceCode, userCode } = await start()
    expect((await approve(session, userCode, false)).status).toBe(204)
    expect(await redeem(deviceCode)).toMatchObject({ status: 400, rule: 'access_denied' })
  })

  it('listens to few wrong codes', async () => {
    const statuses: number[] = []
    for (let round = 0; round < 12; round += 1) {
      statuses.push((await approve(session, 'BBBB-BBBB')).status)
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 404), 429, 429])
  })
})
