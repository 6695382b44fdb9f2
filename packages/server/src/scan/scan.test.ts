import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testDatabases } from '../testing/open-test-databases.ts'
import { type TestNodes, openTestNodes } from '../testing/open-test-nodes.ts'
import { debianLayer, pushImage, writeAdvisories } from '../testing/scan-fixtures.ts'

for (const engine of testDatabases) {
  describe.skipIf(!engine.available)(`scanning on ${engine.name}`, () => {
    let nodes: TestNodes

    beforeEach(async () => {
      nodes = await openTestNodes(engine)
    })

    afterEach(() => nodes.close())

    async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
      for (;;) {
        const found = await look()
        if (found !== undefined) return found
        await wait(50)
      }
    }

    test('a pushed image is catalogued and compared', async () => {
      await writeAdvisories(join(nodes.first.dataDirectory, 'advisories', 'advisories.db'), [
        { cve: 'CVE-2026-1', package: 'openssl', fixed: '3.0.13-1', score: 9.8 },
      ])
      const digest = await pushImage(nodes.registry, 'acme/app', 'v1', [
        debianLayer({ openssl: '3.0.11-1', zlib1g: '1:1.2.13' }),
      ])
      const row = await until(async () => {
        const image = await nodes.first.app.database.read
          .selectFrom('images')
          .selectAll()
          .where('digest', '=', digest)
          .executeTakeFirst()
        if (image?.state === 'failed') throw new Error(image.reason ?? '')
        return image?.matched_at ? image : undefined
      })
      expect(row).toMatchObject({ state: 'catalogued', packages: 2, platform: 'linux/amd64' })
      console.log(row)
      console.log(
        await nodes.first.app.database.read.selectFrom('package_findings').selectAll().execute(),
      )
      console.log(await nodes.first.app.database.read.selectFrom('jobs').selectAll().execute())
    }, 60_000)
  })
}
