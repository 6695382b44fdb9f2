import { randomInt } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkRegistry } from './kill-check.ts'
import { Model } from './kill-model.ts'
import { ExpectantClient, Interrupted } from './kill-uploads.ts'
import { WorkloadClient } from './kill-workload.ts'
import { Random } from './random.ts'
import { RegistryClient } from './registry-client.ts'
import {
  makeWorkplace,
  runBerth,
  ServerProcess,
  type Settings,
  type Workplace,
} from './server-process.ts'
import { query, storedFiles } from './stored.ts'

const rounds = Number(process.env['BERTH_FAULT_ROUNDS'] ?? 200)
const seed = process.env['BERTH_FAULT_SEED'] ?? String(randomInt(1_000_000_000))
const clients = 6

const settings: Settings = {
  collection: { enabled: true, graceSeconds: 1, trashDelaySeconds: 1 },
  // 15 s: long enough to go on after a restart, short enough to see abandoned sessions go.
  registry: { uploads: { idleHours: 15 / 3600 } },
}

const random = new Random(seed)
const model = new Model(['plain', 'team/app', 'team/app/nested', 'other'])
const layers = Array.from({ length: 40 }, (_, index) =>
  random.bytes(index % 8 === 0 ? 300_000 : 5_000 + index),
)
const counts = new Map<string, number>()
let place: Workplace

beforeAll(async () => {
  place = await makeWorkplace()
})

afterAll(async () => {
  await place?.remove()
})

function replay(round: number): string {
  return `round ${round}; the same choices again: BERTH_FAULT_SEED=${seed}`
}

/** Clients at work until the server is killed under them. Throws for anything that went wrong before. */
async function workUntilKilled(server: ServerProcess, round: number): Promise<void> {
  const http = new RegistryClient(server.origin)
  let isKilled = false
  const outcomes = Array.from({ length: clients }, async (_, index) => {
    const client = new WorkloadClient({
      id: `c${index}`,
      random: new Random(`${seed} ${round} ${index}`),
      http: new ExpectantClient(http),
      model,
      layers,
      counts,
    })
    try {
      await client.run(() => isKilled)
    } catch (error) {
      if (!(error instanceof Interrupted && isKilled)) throw error
      counts.set('interrupted', (counts.get('interrupted') ?? 0) + 1)
    }
  })
  const work = Promise.allSettled(outcomes)
  await new Promise((resolve) => setTimeout(resolve, random.between(50, 1200)))
  isKilled = true
  await server.kill()
  await http.close()
  for (const outcome of await work) if (outcome.status === 'rejected') throw outcome.reason
}

async function check(server: ServerProcess, everything: boolean): Promise<string[]> {
  const http = new RegistryClient(server.origin)
  try {
    return await checkRegistry(new ExpectantClient(http), model, everything)
  } finally {
    await http.close()
  }
}

test(
  `${rounds} times kill -9 under push, mount, retag, delete and collection: nothing acknowledged is lost`,
  async () => {
    console.log(`seed ${seed}`)
    const started = performance.now()
    for (let round = 1; round <= rounds; round += 1) {
      if (random.chance(0.05)) {
        await ServerProcess.startAndKill(place, settings, random.between(20, 600))
      }
      const server = await ServerProcess.start(place, settings)
      try {
        const everything = round % Math.ceil(rounds / 4) === 0
        expect(await check(server, everything), replay(round)).toEqual([])
        await workUntilKilled(server, round)
        expect(server.errors, replay(round)).toEqual([])
      } catch (error) {
        throw new Error(`${replay(round)}\n${server.output.slice(-3000)}`, { cause: error })
      } finally {
        await server.kill()
      }
    }
    const server = await ServerProcess.start(place, settings)
    try {
      expect(await check(server, true), replay(rounds)).toEqual([])
    } finally {
      await server.kill()
    }
    const seconds = Math.round((performance.now() - started) / 1000)
    console.log(`${rounds} rounds in ${seconds} s`, Object.fromEntries(counts))
    // That there was work to interrupt, of every kind: how much of it fits into a round depends on the machine.
    expect(counts.get('push image') ?? 0).toBeGreaterThan(0)
    const done = [...counts].filter(([kind]) => kind !== 'interrupted')
    expect(done.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(rounds)
  },
  rounds * 5_000 + 60_000,
)

test('after everything is deleted, nothing unreferenced stays', async () => {
  const server = await ServerProcess.start(place, settings)
  const http = new RegistryClient(server.origin)
  try {
    for (const repository of model.repositories) {
      for (const digest of repository.manifests.keys()) {
        const path = `/v2/${repository.name}/manifests/${digest}`
        expect([202, 404]).toContain((await http.send('DELETE', path)).status)
      }
    }
    const left = (): Record<string, unknown> =>
      query(
        place,
        `select (select count(*) from repositories) as repositories,
                (select count(*) from manifests) as manifests,
                (select count(*) from tags) as tags,
                (select count(*) from repository_blobs) as links,
                (select count(*) from blobs) as blobs,
                (select count(*) from upload_sessions) as sessions,
                (select count(*) from reviews) as reviews,
                (select count(*) from trash) as trash`,
      )[0] ?? {}
    const deadline = Date.now() + 60_000
    while (Object.values(left()).some((count) => count !== 0) && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    expect(left()).toEqual({
      repositories: 0,
      manifests: 0,
      tags: 0,
      links: 0,
      blobs: 0,
      sessions: 0,
      reviews: 0,
      trash: 0,
    })
    const catalog = await http.send('GET', '/v2/_catalog')
    expect(JSON.parse(catalog.body.toString())).toEqual({ repositories: [] })
    expect(await storedFiles(place)).toEqual([])
    const swept = await runBerth(place, ['gc', '--sweep', '--json'])
    expect(swept.code, swept.stderr).toBe(0)
    expect(JSON.parse(swept.stdout)).toMatchObject({ sweep: { seen: 0, unknown: 0 } })
  } finally {
    await http.close()
    await server.kill()
  }
}, 120_000)
