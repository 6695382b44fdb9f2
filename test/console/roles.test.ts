import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Call, calls, filled } from './calls.ts'
import { controls, reading } from './controls.ts'
import { type Console, startConsole, type Visit } from './harness.ts'
import { pages } from './pages.ts'
import { password, type Role } from './seed.ts'

let berth: Console
beforeAll(async () => {
  berth = await startConsole()
})
afterAll(() => berth?.stop())

const everybody: readonly (Role | undefined)[] = [
  'admin',
  'auditor',
  'owner',
  'maintainer',
  'developer',
  'reader',
  'stranger',
  undefined,
]

const groups = {
  registry: ['Home', 'Projects', 'Repositories', 'Search'],
  security: [
    'Overview',
    'Findings',
    'Packages',
    'Policies',
    'Exceptions',
    'VEX statements',
    'Blocked pulls',
    'Advisories',
  ],
  administration: [
    'Users',
    'Groups',
    'Robots',
    'Workloads',
    'Immutable tags',
    'Trust',
    'Audit log',
    'Jobs',
    'Collection',
    'Storage',
    'System',
    'Scanners',
    'Sign-in',
    'Configuration',
  ],
}
const open = ['Home', 'Repositories', 'Search']

/** What the navigation offers: an auditor reads all of the instance. */
function offeredTo(role: Role | undefined): string[] {
  if (role === undefined) return open
  const everyone = [...groups.registry, ...groups.security]
  const isOfInstance = role === 'admin' || role === 'auditor'
  return isOfInstance ? [...everyone, ...groups.administration] : everyone
}

/** What a page says that may not be shown, or is not there for whoever asks. */
const refusals =
  /You may not see this|There is no such thing here|There is no page at this address|Sign in/

/** Everybody who may see an image sees all of these, and the administrator opens each of them. */
const sameForAll =
  /^.(setup|sign-in)|images.1.10.0|images.1.0.0.(files|configuration|findings|relations|manifest)|compare.from=/

/** The pages of the instance are for these as for a reader. */
const likeReader = new Set<Role | undefined>(['owner', 'maintainer', 'developer'])

function pagesOf(role: Role | undefined): string[] {
  const paths = pages.map(({ path }) => path)
  if (role === 'admin') return paths
  const ofProjects = /^.(projects|repositories|security)/
  return paths.filter(
    (path) => !sameForAll.test(path) && (!likeReader.has(role) || ofProjects.test(path)),
  )
}

/** Of the controls that a role may use, those that are missing; and what is offered besides. */
function faultsOfControls(path: string, role: Role | undefined, offered: string[]): string[] {
  const known = controls[path] ?? []
  const missing = known
    .filter(
      ([name, may]) =>
        role !== undefined && may.includes(role) && !offered.some((it) => name.test(it)),
    )
    .map(([name]) => `does not offer ${name.source}`)
  const more = offered.filter(
    (name) =>
      !reading.test(name) &&
      !known.some(([it, may]) => it.test(name) && role !== undefined && may.includes(role)),
  )
  return [...missing, ...new Set(more.map((name) => `offers ${name}`))]
}

async function faultsOf(visit: Visit, path: string, role: Role | undefined): Promise<string[]> {
  try {
    await visit.go(path)
    await visit.page.locator('h1').first().waitFor()
  } catch {
    return ['stays blank or goes on loading']
  }
  const { headings, words, fields, offered } = await visit.page.evaluate(() => ({
    headings: document.querySelectorAll('h1').length,
    words: document.body.innerText,
    fields: document.querySelectorAll('main input').length,
    offered: [...document.querySelectorAll<HTMLElement>('main button')]
      .filter((button) => button.offsetParent !== null)
      .map((button) => (button.getAttribute('aria-label') ?? button.innerText).trim()),
  }))
  const faults: string[] = []
  if (headings !== 1) faults.push(`${headings} first headings`)
  if (words.includes('This page has a defect')) faults.push('has a defect')
  const mayRead = role === 'admin' || role === 'auditor'
  if (path.startsWith('/administration')) {
    if (!mayRead && !refusals.test(words)) faults.push('does not say it is refused')
    const isRefused = words.includes('You may not see this')
    if (isRefused && fields > 0) faults.push('has filters for what may not be seen')
    if (mayRead && isRefused) faults.push('is refused to who may see it')
  }
  // The pages of images that are not listed have the controls of all pages of the image.
  if (!sameForAll.test(path)) faults.push(...faultsOfControls(path, role, offered))
  return faults
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Goes to each page in turn. */
async function openAll(visit: Visit, role: Role | undefined): Promise<string[]> {
  const faults: string[] = []
  let path = ''
  visit.page.on('response', (response) => {
    const status = response.status()
    // What is not there, such as a policy that nobody has written, is no refusal.
    const isKnown = role === 'admin' ? status === 404 : [401, 403, 404].includes(status)
    if (status >= 400 && !isKnown) faults.push(`${path}: an answer ${status}`)
  })
  const begun = Date.now()
  const paths = pagesOf(role)
  for (const each of paths) {
    path = each
    // Whoever waits for this test sees which page it hangs on.
    const late = setTimeout(() => tell(`${role ?? 'nobody'}: still waits for ${each}`), 5000)
    const found = await faultsOf(visit, each, role)
    clearTimeout(late)
    faults.push(...found.map((fault) => `${each}: ${fault}`))
  }
  tell(`${role ?? 'nobody'}: ${paths.length} pages in ${Math.round((Date.now() - begun) / 1000)} s`)
  return [...faults, ...visit.troubles]
}

/** The headers of a browser in which somebody has signed in. */
async function headersOf(role: Role | undefined): Promise<Record<string, string>> {
  if (role === undefined) return {}
  const { origin, username, password: first } = berth.berth
  const who = role === 'admin' ? { name: username, password: first } : { name: role, password }
  const answer = await fetch(`${origin}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(who),
  })
  const { csrfToken } = (await answer.json()) as { csrfToken: string }
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  return { cookie, 'x-berth-csrf': csrfToken }
}

async function statusOf(
  { method, path, body }: Call,
  made: string,
  headers: Record<string, string>,
): Promise<number> {
  const answer = await fetch(`${berth.berth.origin}/api/v1${filled(path, made)}`, {
    method,
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(filled(body, made)) }),
  })
  await answer.body?.cancel()
  return answer.status
}

/** What is private does not exist for those who may not see it. */
function refusalOf({ path }: Call, role: Role | undefined): number {
  if (role === undefined) return 401
  return role === 'stranger' && path.includes('/acme') ? 404 : 403
}

for (const role of everybody) {
  const name = role ?? 'nobody'

  test.concurrent(`${name} is offered the pages and controls of the role, and no other`, async () => {
    const visit = await berth.open(role, '/search')
    try {
      const links = visit.page.getByRole('navigation', { name: 'Main' }).getByRole('link')
      expect((await links.allInnerTexts()).map((text) => text.trim())).toEqual(offeredTo(role))
      expect(await openAll(visit, role)).toEqual([])
    } finally {
      await visit.close()
    }
  }, 240_000)
}

describe('the server lets through whom the role allows it, and refuses all others', () => {
  const headers = new Map<Role | undefined, Record<string, string>>()
  beforeAll(async () => {
    for (const role of everybody) headers.set(role, await headersOf(role))
  })

  test.each(calls.map((call, index) => ({ ...call, index })))('$method $path', async (call) => {
    const { index, may, make, status } = call
    const wrong: string[] = []
    const of = async (role: Role | undefined, made: string) =>
      statusOf(call, made, headers.get(role) ?? {})
    const makeFor = async (who: string) => {
      const name = `made-${index}-${who}`
      return make ? await make(berth, name) : name
    }
    const forAll = await makeFor('all')
    for (const role of everybody) {
      const isLetThrough = role !== undefined && may.includes(role)
      const got = await of(role, isLetThrough ? await makeFor(role) : forAll)
      const isRight = isLetThrough
        ? status === undefined
          ? got < 300
          : got === status
        : got === refusalOf(call, role)
      if (!isRight) wrong.push(`${role ?? 'nobody'}: ${got}`)
    }
    expect(wrong).toEqual([])
  })
})

test('every page with controls is a page of the console', () => {
  const paths = pages.map(({ path }) => path)
  expect(Object.keys(controls).filter((path) => !paths.includes(path))).toEqual([])
})
