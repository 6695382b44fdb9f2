import { type Trial, expect, expectHeader, expectStatus } from './check.ts'
import { digestOf } from './content.ts'

/** `If-None-Match` on what the path serves, with the entity tag in every form that clients send. */
export async function checkNotModified(
  { check, registry }: Trial,
  what: string,
  path: string,
  digest: string,
): Promise<void> {
  const other = `"${digestOf('other')}"`
  await check(`If-None-Match of ${what}: 304 when it matches`, async () => {
    for (const tag of [`"${digest}"`, digest, `W/"${digest}"`, `${other}, "${digest}"`, '*']) {
      for (const method of ['GET', 'HEAD']) {
        const headers = { 'if-none-match': tag }
        const answer = await registry.ask(method, path, { headers })
        expectStatus(answer, 304)
        expect(answer, answer.body.length === 0, 'no body')
        expectHeader(answer, 'etag', `"${digest}"`)
        expectHeader(answer, 'docker-content-digest', digest)
      }
    }
  })
  await check(`If-None-Match of ${what}: 200 when it does not match`, async () => {
    for (const method of ['GET', 'HEAD']) {
      const headers = { 'if-none-match': other }
      expectStatus(await registry.ask(method, path, { headers }), 200)
    }
  })
}
