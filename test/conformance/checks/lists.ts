import {
  type Trial,
  expect,
  expectError,
  expectHeader,
  expectJson,
  expectStatus,
  readJson,
} from '../check.ts'
import { manifestPath, pushBlob, freshBytes, makeImage, putManifest } from '../content.ts'
import type { Answer, Registry } from '../registry.ts'

const repository = 'conformance/lists'
const list = `/v2/${repository}/tags/list`
// Byte order, which no locale would give.
const tags = ['0', '10', '9', 'A', 'Z', '_', 'a', 'a-b', 'a.b', 'a_b', 'z']

/** spec end-8 and Docker's catalog: order, pages and the links between them. */
export async function checkLists(trial: Trial): Promise<void> {
  const { check, registry } = trial
  const image = await makeImage(registry, repository)
  await check('a repository without tags has an empty list', async () => {
    expectTags(await registry.ask('GET', list), [])
  })
  await check('a repository that is not there has no list', async () => {
    const answer = await registry.ask('GET', '/v2/conformance/nowhere/tags/list')
    expectError(answer, 404, 'NAME_UNKNOWN')
  })
  for (const tag of tags.toReversed()) await putManifest(registry, repository, tag, image)
  const cases: [string, string[]][] = [
    ['', tags],
    ['?last=A', tags.slice(4)],
    ['?last=B', tags.slice(4)],
    ['?last=z', []],
    ['?last=', tags],
    ['?n=0', []],
    ['?n=0&last=A', []],
    [`?n=${tags.length}`, tags],
    ['?n=100', tags],
    ['?n=100&last=a', tags.slice(7)],
    ['?n=3', tags.slice(0, 3)],
    ['?n=2&last=9', tags.slice(3, 5)],
    ['?n=1&last=nothing-like-it', tags.slice(10)],
  ]
  for (const [query, wanted] of cases) {
    await check(`end-8 tags/list${query}`, async () => {
      const answer = await registry.ask('GET', `${list}${query}`)
      expectTags(answer, wanted)
      const more = wanted.length > 0 && wanted.at(-1) !== tags.at(-1)
      if (!more) expectHeader(answer, 'link', undefined)
    })
  }
  for (const n of ['-1', 'x', '1.5', '']) {
    await check(`end-8 tags/list?n=${n} is refused`, async () => {
      const answer = await registry.ask('GET', `${list}?n=${n}`)
      expectError(answer, 400, 'PAGINATION_NUMBER_INVALID')
    })
  }
  for (const n of [1, 2, 5]) {
    await check(`end-8 pages of ${n} lead through all tags`, async () => {
      const seen = await walk(registry, `${list}?n=${n}`, 'tags')
      const answer = await registry.ask('GET', list)
      expectJson(answer, seen, tags)
    })
  }
  await check('end-8 HEAD of a list', async () => {
    const answer = await registry.ask('HEAD', list)
    expectStatus(answer, 200)
    expectHeader(answer, 'content-length', /^[1-9]\d*$/)
  })
  await check('a deleted tag leaves the list', async () => {
    expectStatus(await registry.ask('DELETE', manifestPath(repository, 'Z')), 202)
    const rest = tags.filter((tag) => tag !== 'Z')
    expectTags(await registry.ask('GET', list), rest)
  })
  await checkCatalog(trial)
}

async function checkCatalog({ check, registry }: Trial): Promise<void> {
  await check('the catalog lists every repository in byte order, by pages as well', async () => {
    for (const name of ['catalog/b', 'catalog/a', 'catalog-c']) {
      await pushBlob(registry, name, freshBytes(9))
    }
    const answer = await registry.ask('GET', '/v2/_catalog')
    expectStatus(answer, 200)
    const { repositories } = readJson<{ repositories: string[] }>(answer)
    const wanted = ['catalog-c', 'catalog/a', 'catalog/b', repository]
    expectJson(
      answer,
      repositories.filter((name) => wanted.includes(name)),
      wanted,
    )
    const seen = await walk(registry, '/v2/_catalog?n=2', 'repositories')
    expectJson(answer, seen, repositories)
    const after = await registry.ask('GET', '/v2/_catalog?last=catalog/a&n=1')
    expectJson(after, readJson<{ repositories: string[] }>(after).repositories, ['catalog/b'])
  })
  await check('the catalog refuses a number that is none', async () => {
    const answer = await registry.ask('GET', '/v2/_catalog?n=-2')
    expectError(answer, 400, 'PAGINATION_NUMBER_INVALID')
  })
}

function expectTags(answer: Answer, wanted: readonly string[]): void {
  expectStatus(answer, 200)
  expectHeader(answer, 'content-type', /^application\/json/)
  expectJson(answer, readJson(answer), { name: repository, tags: wanted })
}

/** Follows the links as podman does: cut at the first `;`, within `<>`, a path on this registry. */
async function walk(registry: Registry, first: string, key: string): Promise<string[]> {
  const seen: string[] = []
  let next: string | undefined = first
  const limit = Number(/n=(\d+)/.exec(first)?.[1])
  while (next !== undefined) {
    const answer: Answer = await registry.ask('GET', next)
    expectStatus(answer, 200)
    const items = readJson<Record<string, string[]>>(answer)[key] ?? []
    expect(answer, items.length <= limit && items.length > 0, `1 to ${limit} entries`)
    seen.push(...items)
    const { link } = answer.headers
    if (link === undefined) return seen
    expectHeader(answer, 'link', /^<\/v2\/[^>;]+>; rel="next"$/)
    next = String(link).split(';')[0]?.slice(1, -1)
  }
  return seen
}
