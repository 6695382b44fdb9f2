import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Berth, startBerth } from '../../../../test/tools/berth.ts'
import { startFaultyProxy } from '../../../../test/tools/faulty-proxy.ts'
import { makeHome } from '../testing/logged-in.ts'
import { ImagePusher } from '../testing/push-images.ts'
import { type CommandRun, runCommand } from '../testing/run-command.ts'

let [source, target]: Berth[] = []
let home: Awaited<ReturnType<typeof makeHome>>
const run = (...argv: string[]): Promise<CommandRun> => runCommand(argv, { env: home.env })

type Step = { source: string; target: string; tag: string; action: string }
type Report = {
  plan: Step[]
  done: { copied: number; failed: unknown[]; blobs: Record<string, number> } | null
}
const actions = ({ plan }: Report): string[] =>
  plan.map(({ target, tag, action }) => `${target.replace(/^[^/]+\//, '')}:${tag} ${action}`).sort()

async function push(repository: string, tags: string[], own: string): Promise<void> {
  const pusher = new ImagePusher({ ...(source as Berth), repository })
  await pusher.image({ config: { os: 'linux', own }, layers: ['shared by all', own] }, tags)
  pusher.close()
}

beforeAll(async () => {
  ;[source, target] = await Promise.all([startBerth(), startBerth()])
  home = await makeHome({ [source.host]: source, [target.host]: target })
  await push('acme/api', ['1.0.0'], 'api 1.0')
  await push('acme/api', ['1.1.0', 'latest'], 'api 1.1')
  await push('acme/web', ['2.0.0'], 'web 2.0')
  await push('other/tool', ['1'], 'tool')
})
afterAll(async () => {
  await Promise.all([source?.stop(), target?.stop()])
  await home.remove()
})

describe('berth sync', () => {
  test('plans first: what is new, what moved, what is up to date', async () => {
    const from = `${source?.host}/acme/*`
    const planned = await run('--json', 'sync', '--dry-run', from, `${target?.host}/mirror`)
    expect(planned.code).toBe(0)
    expect(actions(planned.json<Report>())).toEqual([
      'mirror/acme/api:1.0.0 copy',
      'mirror/acme/api:1.1.0 copy',
      'mirror/acme/api:latest copy',
      'mirror/acme/web:2.0.0 copy',
    ])
    // Nothing was copied, and without being asked nothing is.
    const refused = await run('sync', from, `${target?.host}/mirror`)
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('--yes')
    const again = await run('--json', 'sync', '--dry-run', from, `${target?.host}/mirror`)
    expect(again.json<Report>().plan.every(({ action }) => action === 'copy')).toBe(true)

    const done = await run('--json', 'sync', '--yes', from, `${target?.host}/mirror`)
    expect(done.code).toBe(0)
    const { done: report } = done.json<Report>()
    expect(report).toMatchObject({ copied: 4, failed: [] })
    // Three layers of their own, one shared that goes once and is mounted into the other repository.
    expect(report?.blobs).toMatchObject({ sent: 3 + 3 + 1, mounted: 1 })

    await push('acme/api', ['latest'], 'api 1.2')
    const moved = await run('--json', 'sync', '--yes', from, `${target?.host}/mirror`)
    expect(actions(moved.json<Report>())).toEqual([
      'mirror/acme/api:1.0.0 none',
      'mirror/acme/api:1.1.0 none',
      'mirror/acme/api:latest move',
      'mirror/acme/web:2.0.0 none',
    ])
    expect(moved.json<Report>().done).toMatchObject({ copied: 1 })
    const [mine, theirs] = await Promise.all(
      [`${source?.host}/acme/api:latest`, `${target?.host}/mirror/acme/api:latest`].map((image) =>
        run('inspect', '--raw', image),
      ),
    )
    expect(theirs?.bytes).toEqual(mine?.bytes)
  })

  test('takes patterns of tags, the newest versions, and whole names', async () => {
    const to = `${target?.host}/chosen`
    const api = `${source?.host}/acme/api`
    const latest = await run('--json', 'sync', '-n', '--match', '1.*', '--latest', '1', api, to)
    expect(actions(latest.json<Report>())).toEqual(['chosen/acme/api:1.1.0 copy'])
    const rest = await run(
      '--json',
      'sync',
      '-n',
      '--exclude',
      'latest',
      '--exclude',
      '1.1.*',
      api,
      to,
    )
    expect(actions(rest.json<Report>())).toEqual(['chosen/acme/api:1.0.0 copy'])
  })

  test('says what fits nothing, and what is wrong with a number', async () => {
    const none = await run('sync', '-n', `${source?.host}/nobody/*`, target?.host ?? '')
    expect(none.code).toBe(3)
    expect(none.stderr).toContain('No repository')
    const wrong = await run('sync', '-n', '--latest', 'many', `${source?.host}/acme/api`, 'x:1')
    expect(wrong.code).toBe(2)
  })

  test('one image that fails does not stop the others', async () => {
    const proxy = await startFaultyProxy(target?.port ?? 0)
    try {
      proxy.fault = (method, url) =>
        method === 'PUT' && url.includes('/acme/web/manifests/')
          ? { kind: 'answer', status: 403 }
          : undefined
      const own = await makeHome({
        [source?.host ?? '']: source as Berth,
        [proxy.host]: target as Berth,
      })
      const argv = ['--json', 'sync', '--yes', `${source?.host}/acme/*`, `${proxy.host}/partly`]
      const report = await runCommand(argv, { env: own.env })
      await own.remove()
      expect(report.code).toBe(1)
      expect(report.json<Report>().done).toMatchObject({
        copied: 3,
        failed: [{ image: `${proxy.host}/partly/acme/web:2.0.0` }],
      })
    } finally {
      await proxy.stop()
    }
  })
})
