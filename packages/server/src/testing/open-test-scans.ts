import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { testDatabases } from './open-test-databases.ts'
import { openTestPolicies, type TestPolicies } from './open-test-policies.ts'
import { pushImage, type TestAdvisory, type TestLayer, writeAdvisories } from './scan-fixtures.ts'

type Scans = {
  scans: { state: string; matchedAt: string | null; dataRevision: number }[]
}

export type TestScans = TestPolicies & {
  /** Moves the clock of every node. Only while nothing is under way. */
  advance(ms: number): void
  now(): number
  /** Puts the advisories into force on every node; those pushed later are matched with them. */
  useAdvisories(advisories: readonly TestAdvisory[], builtAt?: string): Promise<void>
  /** Pushes an image of these layers and waits until it is scanned and its findings have their clock. */
  pushScanned(repository: string, tag: string, layers: readonly TestLayer[]): Promise<string>
  /** Waits until the image was matched with the advisories of the latest `useAdvisories`. */
  untilScanned(repository: string, reference: string): Promise<void>
}

/** A Berth that scans, with a clock that the test moves. */
export async function openTestScans(engine: (typeof testDatabases)[number]): Promise<TestScans> {
  let ahead = 0
  let revision = 0
  const now = () => Date.now() + ahead
  const policies = await openTestPolicies(engine, { clock: () => new Date(now()) })
  const { manage, nodes, registry } = policies
  const untilScanned = async (repository: string, reference: string) => {
    const path = `/repositories/${encodeURIComponent(repository)}/manifests/${reference}/scan`
    await until(async () => {
      const { scans } = await manage<Scans>('GET', path)
      return scans.every(
        ({ matchedAt, dataRevision }) => matchedAt !== null && dataRevision >= revision,
      )
    })
  }
  return {
    ...policies,
    advance(ms) {
      ahead += ms
    },
    now,
    async useAdvisories(advisories, builtAt) {
      for (const { dataDirectory } of nodes) {
        await writeAdvisories(
          join(dataDirectory, 'advisories', 'advisories.db'),
          advisories,
          builtAt,
        )
      }
      revision += 1
    },
    untilScanned,
    async pushScanned(repository, tag, layers) {
      const digest = await pushImage(registry, repository, tag, layers)
      await untilScanned(repository, digest)
      await until(async () => {
        const { items } = await manage<{ items: { firstSeenAt: string | null }[] }>(
          'GET',
          `/repositories/${encodeURIComponent(repository)}/manifests/${digest}/findings`,
        )
        return items.every(({ firstSeenAt }) => firstSeenAt !== null)
      })
      return digest
    },
  }
}

/** Looks until it is so; the test has a limit of time. */
export async function until(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await wait(50)
}
