import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { getOrCreateSecret } from './secrets.ts'

describe.each(testDatabases)('secrets on $name', (engine) => {
  describe.skipIf(!engine.available)('getOrCreateSecret', () => {
    let test: TestDatabase
    beforeAll(async () => {
      test = await engine.open()
    })
    afterAll(async () => {
      await test.close()
    })

    it('makes one secret however many ask at once, and keeps it', async () => {
      const asked = await Promise.all(
        Array.from({ length: 20 }, () => getOrCreateSecret(test.database, 'one', 32)),
      )
      const texts = new Set(asked.map((secret) => secret.toString('hex')))
      expect(texts.size).toBe(1)
      expect(asked[0]).toHaveLength(32)
      expect(await getOrCreateSecret(test.database, 'one', 32)).toEqual(asked[0])
    })

    it('makes different secrets for different names', async () => {
      const [a, b] = await Promise.all([
        getOrCreateSecret(test.database, 'a', 16),
        getOrCreateSecret(test.database, 'b', 16),
      ])
      expect(a).not.toEqual(b)
    })
  })
})
