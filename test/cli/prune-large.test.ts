import { readFile } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'
import { parseTagName } from '../../packages/oci/src/reference.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mapLimited } from '../../packages/cli/src/limited.ts'
import { parsePattern } from '../../packages/cli/src/pattern.ts'
import { removedByModel } from '../../packages/cli/src/prune/plan-model.ts'
import type { PrunableImage } from '../../packages/cli/src/prune/prunable-image.ts'
import type { PruneRules } from '../../packages/cli/src/prune/prune-rules.ts'
import type { PruneReport } from '../../packages/cli/src/prune/prune-report.ts'
import { makeHome } from '../../packages/cli/src/testing/logged-in.ts'
import { ImagePusher, type Pushed } from '../../packages/cli/src/testing/push-images.ts'
import { runCommand } from '../../packages/cli/src/testing/run-command.ts'
import { type Berth, startBerth } from '../tools/berth.ts'

const day = 86_400_000
const pullRequests = 8000
const releases = 1000
const indexes = 500
const candidates = 500
const signed = 200
/** What a plan of ten thousand tags may take at most, in ms. */
const barMs = 10_000

type Shape = Pick<PrunableImage, 'digest' | 'tags' | 'children' | 'subjects'> & {
  created: Date | undefined
}

let berth: Berth
let home: Awaited<ReturnType<typeof makeHome>>
let repository: string
const shapes = new Map<string, Shape>()

beforeAll(async () => {
  berth = await startBerth()
  home = await makeHome({ [berth.host]: berth })
  repository = `${berth.host}/acme/large`
  const pusher = new ImagePusher({ ...berth, repository: 'acme/large' })
  const begun = Date.now()
  const note = (
    pushed: Pushed,
    shape: Partial<Omit<Shape, 'tags'>> & { tags: string[] },
  ): Pushed => {
    const { children = [], subjects = [], created, tags } = shape
    shapes.set(pushed.digest, {
      digest: pushed.digest,
      children,
      subjects,
      created,
      tags: tags.map((tag) => parseTagName(tag)),
    })
    return pushed
  }
  const image = async (tags: string[], at: number, architecture = 'amd64'): Promise<Pushed> => {
    // A few hundred different dates; every fiftieth image tells none.
    const group = at % 300
    const created = group % 50 === 49 ? undefined : new Date(begun - group * 8 * 3_600_000)
    const config = { os: 'linux', architecture, created: (created ?? new Date(0)).toISOString() }
    const annotations = { at: String(at) }
    return note(await pusher.image({ config, layers: ['base'], annotations }, tags), {
      tags,
      created,
    })
  }
  const pushed = await mapLimited(
    [
      ...Array.from({ length: pullRequests }, (_, at) => [`pr-${at}`]),
      ...Array.from({ length: releases }, (_, at) => [`1.${Math.floor(at / 10)}.${at % 10}`]),
      ...Array.from({ length: candidates }, (_, at) => [`2.${at}.0-rc.1`]),
    ],
    32,
    image,
  )
  await mapLimited(Array.from({ length: indexes }), 32, async (_, at) => {
    const children = [
      await image([], 1_000_000 + at, 'arm64'),
      // Every other index shares a child with an image that is tagged by itself.
      at % 2 === 0 ? (pushed[at] as Pushed) : await image([], 2_000_000 + at),
    ]
    const tags = [`multi-${at}`]
    const index = await pusher.index(
      children.map((child, place) => ({
        image: child,
        platform: { os: 'linux', architecture: place === 0 ? 'arm64' : 'amd64' },
      })),
      tags,
    )
    // By the protocol an index is as old as the config of its first image says.
    const created = shapes.get(children[0]?.digest ?? '')?.created
    note(index, { tags, children: children.map(({ digest }) => digest), created })
  })
  await mapLimited(pushed.slice(0, signed), 32, async (subject, at) => {
    const tags = at % 2 === 0 ? [`${subject.digest.replace(':', '-')}.sig`] : []
    const signature = await pusher.image(
      at % 2 === 0
        ? { layers: [`signature ${at}`] }
        : { subject, artifactType: 'application/spdx+json', layers: [`sbom ${at}`] },
      tags,
    )
    note(signature, { tags, subjects: [subject.digest] })
  })
  pusher.close()
  console.log(`built ${shapes.size} manifests in ${Date.now() - begun} ms`)
}, 1_800_000)

afterAll(async () => {
  await berth.stop()
  await home.remove()
})

const argv = [
  '--match',
  '{pr,multi}-*',
  '--match',
  '2.*',
  '--match',
  '1.*',
  '--keep',
  'pr-7*',
  '--keep-releases',
  '--keep-last',
  '250',
]
const rules: Omit<PruneRules, 'olderThan' | 'untagged'> = {
  keepLast: 250,
  match: ['{pr,multi}-*', '2.*', '1.*'].map((each) => parsePattern(each)),
  keep: [parsePattern('pr-7*')],
  keepReleases: true,
  keepPulledWithin: undefined,
  unknownAge: 'keep',
}

/** What a plan says, against what the model says of the same images; ages are those that the plan was made with. */
function compare(
  report: PruneReport,
  expected: PruneRules,
  now: Date,
  seen: (shape: Shape) => boolean,
): number {
  const [plan] = report.repositories
  const ages = new Map(
    [...(plan?.remove ?? []), ...(plan?.keep ?? [])].map((each) => [each.digest, each.age]),
  )
  const images = [...shapes.values()].filter(seen).map((shape): PrunableImage => {
    const age = ages.get(shape.digest)
    return {
      ...shape,
      kind: 'image',
      age: age === null || age === undefined ? undefined : { at: new Date(age.at), from: age.from },
      lastPulledAt: undefined,
      weights: undefined,
      lockedBy: undefined,
    }
  })
  const goes = new Set(plan?.remove.map(({ digest }) => digest))
  expect(goes).toEqual(removedByModel(images, expected, now))
  return goes.size
}

test('by the interface of Berth a plan of 10,000 tags takes less than 10 s and is what the model says', async () => {
  const took: { wallMs: number; cpuMs: number }[] = []
  let report: PruneReport | undefined
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const measured = await measure(async () => {
      const options = [...argv, '--older-than', '0d', '--untagged', '--dry-run']
      const run = await runCommand(['--json', 'prune', repository, ...options], { env: home.env })
      expect(run.code).toBe(0)
      report = run.json<PruneReport>()
    })
    took.push(measured)
    console.log("plan by Berth's interface", measured, `load ${loadavg()[0]?.toFixed(1)}`)
  }
  if (report === undefined) throw new Error('there is no plan')
  const all = [...(report.repositories[0]?.remove ?? []), ...(report.repositories[0]?.keep ?? [])]
  expect(all.length).toBe(shapes.size)
  expect(all.reduce((sum, { tags }) => sum + tags.length, 0)).toBeGreaterThanOrEqual(10_000)
  const goes = compare(report, { ...rules, olderThan: 0, untagged: true }, new Date(), () => true)
  expect(goes).toBeGreaterThan(1000)
  // Where others take the processors, only what the plan itself takes says anything.
  const isBusy = (loadavg()[0] ?? 0) > 2 * availableParallelism()
  expect(Math.min(...took.map(({ wallMs, cpuMs }) => (isBusy ? cpuMs : wallMs)))).toBeLessThan(
    barMs,
  )
}, 600_000)

test('by the protocol alone it is what the model says, with ages from the configs', async () => {
  let report: PruneReport | undefined
  const measured = await measure(async () => {
    const options = [...argv, '--older-than', '30d', '--dry-run']
    const run = await runCommand(
      ['--json', '--kind', `${berth.host}=distribution`, 'prune', repository, ...options],
      { env: home.env },
    )
    expect(run.code).toBe(0)
    report = run.json<PruneReport>()
  })
  console.log('plan by the protocol', measured, `load ${loadavg()[0]?.toFixed(1)}`)
  if (report === undefined) throw new Error('there is no plan')
  const going = new Set<string>(report.repositories[0]?.remove.map(({ digest }) => digest))
  // Untagged referrers of what stays are not asked for; those of what goes are.
  const isSeen = ({ tags, subjects }: Shape): boolean =>
    tags.length > 0 || subjects.every((subject) => going.has(subject))
  const goes = compare(
    report,
    { ...rules, olderThan: 30 * day, untagged: false },
    new Date(),
    isSeen,
  )
  expect(goes).toBeGreaterThan(1000)
  for (const { digest, age } of report.repositories[0]?.remove ?? []) {
    const created = shapes.get(digest)?.created
    if (age !== null) expect(age).toEqual({ at: created?.toISOString(), from: 'created' })
  }
}, 900_000)

/** How long the work takes by the clock, and what it costs this process and the server. */
async function measure(work: () => Promise<void>): Promise<{ wallMs: number; cpuMs: number }> {
  const begun = performance.now()
  const [own, server] = [process.cpuUsage(), await cpuOf(berth.pid)]
  await work()
  const { user, system } = process.cpuUsage(own)
  return {
    wallMs: Math.round(performance.now() - begun),
    cpuMs: Math.round((user + system) / 1000 + (await cpuOf(berth.pid)) - server),
  }
}

/** What a process has used of the processors so far, in ms (proc(5): ticks of 10 ms, behind the name in parentheses). */
async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}
