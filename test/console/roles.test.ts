import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Call, calls } from './calls.ts'
import { controls, reading } from './controls.ts'
import { type Console, startConsole, type Visit } from './harness.ts'
import { pages } from './pages.ts'
import type { Role } from './seed.ts'

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

type Router = {
  readonly history: { push(path: string): void }
  readonly state: { readonly status: string; readonly resolvedLocation?: { readonly href: string } }
}
type Window = { readonly __TSR_ROUTER__: Router }

/** Goes there as a link does, and waits until all of it stands there. */
async function go({ page }: Visit, path: string): Promise<void> {
  await page.evaluate((to) => {
    ;(globalThis as unknown as Window).__TSR_ROUTER__.history.push(to)
  }, path)
  await page.waitForFunction(
    ({ to, leadsOn }) => {
      const { status, resolvedLocation } = (globalThis as unknown as Window).__TSR_ROUTER__.state
      const isThere = status === 'idle' && (leadsOn || resolvedLocation?.href === to)
      const isDrawn =
        document.querySelector('h1') !== null &&
        document.querySelector('.mantine-Skeleton-root') === null
      return isThere && isDrawn
    },
    { to: path, leadsOn: path === '/setup' || path === '/sign-in' },
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
    await go(visit, path)
  } catch {
    return ['stays blank or goes on loading']
  }
  const { headings, words, offered } = await visit.page.evaluate(() => ({
    headings: document.querySelectorAll('h1').length,
    words: document.body.innerText,
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
    if (mayRead && /You may not see this/.test(words)) faults.push('is refused to who may see it')
  }
  // The pages of images that are not listed have the controls of all pages of the image.
  if (!sameForAll.test(path)) faults.push(...faultsOfControls(path, role, offered))
  return faults
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
  for (const each of pagesOf(role)) {
    path = each
    for (const fault of await faultsOf(visit, path, role)) faults.push(`${path}: ${fault}`)
  }
  return [...faults, ...visit.troubles]
}

async function statusOf({ context }: Visit, { method, path, body }: Call, token: string) {
  const answer = await context.request.fetch(`${berth.berth.origin}/api/v1${path}`, {
    method,
    headers: { 'x-berth-csrf': token },
    ...(body && { data: body }),
  })
  return answer.status()
}

async function tokenOf({ context }: Visit): Promise<string> {
  const answer = await context.request.get(`${berth.berth.origin}/api/v1/session`)
  const { session } = (await answer.json()) as { session?: { csrfToken: string } | null }
  return session?.csrfToken ?? ''
}

/** Whoever is let through gets on: to what is not there, or is there already, or to its end. */
async function wronglyAnswered(visit: Visit, role: Role | undefined): Promise<string[]> {
  const token = await tokenOf(visit)
  const wrong: string[] = []
  for (const call of calls) {
    const status = await statusOf(visit, call, token)
    const isLetThrough = role !== undefined && call.may.includes(role)
    const isRight = isLetThrough
      ? status < 300 || status === 404 || status === 409
      : [401, 403, 404].includes(status)
    if (!isRight) wrong.push(`${call.method} ${call.path}: ${status}`)
  }
  return wrong
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

  test(`the server itself refuses ${name} what the role may not do`, async () => {
    const visit = await berth.open(role, '/search')
    try {
      expect(await wronglyAnswered(visit, role)).toEqual([])
    } finally {
      await visit.close()
    }
  })
}

test('every page with controls is a page of the console', () => {
  const paths = pages.map(({ path }) => path)
  expect(Object.keys(controls).filter((path) => !paths.includes(path))).toEqual([])
})
