import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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

/** The other pages are for these as for a reader, and an administrator opens all of them in the test of accessibility. */
const seesOnlyProjects = new Set<Role | undefined>(['admin', 'owner', 'maintainer', 'developer'])

function pagesOf(role: Role | undefined): string[] {
  const paths = pages.map(({ path }) => path)
  return seesOnlyProjects.has(role)
    ? paths.filter((path) => /^.(projects|repositories)/.test(path))
    : paths
}

/** Goes to each page in turn, as people do who type its address. */
async function openAll(role: Role | undefined): Promise<string[]> {
  const faults: string[] = []
  const visit = await berth.open(role, '/')
  const refused = new Map<string, number[]>()
  let path = '/'
  visit.page.on('response', (response) => {
    if (response.status() >= 400)
      refused.set(path, [...(refused.get(path) ?? []), response.status()])
  })
  try {
    for (const each of pagesOf(role)) {
      path = each
      for (const fault of await faultsOf(visit, path, role)) faults.push(`${path}: ${fault}`)
    }
    for (const [at, statuses] of refused) {
      const others = statuses.filter((status) => ![401, 403, 404].includes(status))
      if (others.length > 0) faults.push(`${at}: answers ${others.join(', ')}`)
      // What is not there, such as a policy that nobody has written, is no refusal.
      if (role === 'admin' && statuses.includes(403)) faults.push(`${at}: is refused`)
    }
    return [...faults, ...visit.troubles]
  } finally {
    await visit.close()
  }
}

/** What may stand on a page of the administration that changes nothing: sorting, copies, entries, the export. */
const reading =
  /^(?:(?:Name|Created|Project|Holds)(?: [↑↓])?|Copy.*|Show the entry: .*|Export|Clear the filters)$/

async function changingButtons(page: Page): Promise<string[]> {
  const names: string[] = []
  for (const button of await page.locator('main').getByRole('button').all()) {
    if (!(await button.isVisible())) continue
    const name = ((await button.getAttribute('aria-label')) ?? (await button.innerText())).trim()
    if (!reading.test(name)) names.push(`offers to an auditor: ${name}`)
  }
  return names
}

async function faultsOf({ page }: Visit, path: string, role: Role | undefined): Promise<string[]> {
  await page.goto(`${berth.berth.origin}${path}`, { waitUntil: 'commit' })
  const heading = page.getByRole('heading', { level: 1 })
  try {
    await heading.first().waitFor()
    await page.waitForFunction(() => document.querySelector('.mantine-Skeleton-root') === null)
  } catch {
    return ['stays blank or goes on loading']
  }
  const faults: string[] = []
  const headings = await heading.count()
  if (headings !== 1) faults.push(`${headings} first headings`)
  const words = await page.locator('body').innerText()
  if (words.includes('This page has a defect')) faults.push('has a defect')
  const isAdministration = path.startsWith('/administration')
  const mayRead = role === 'admin' || role === 'auditor'
  if (isAdministration && !mayRead && !refusals.test(words))
    faults.push('does not say it is refused')
  if (isAdministration && mayRead && /You may not see this/.test(words)) {
    faults.push('is refused to who may see it')
  }
  if (isAdministration && role === 'auditor') faults.push(...(await changingButtons(page)))
  return faults
}

for (const role of everybody) {
  describe(role ?? 'nobody', () => {
    test('is offered the pages of the role in the navigation, and no other', async () => {
      const { page, close } = await berth.open(role, '/search')
      try {
        const links = page.getByRole('navigation', { name: 'Main' }).getByRole('link')
        expect((await links.allInnerTexts()).map((text) => text.trim())).toEqual(offeredTo(role))
      } finally {
        await close()
      }
    })

    test('sees a page at each address, or reads why not', async () => {
      expect(await openAll(role)).toEqual([])
    }, 120_000)
  })
}

type Call = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: object
  /** Who is let through; all others are refused with 401, 403 or, where they may not know, 404. */
  readonly may: readonly Role[]
}

/** None of them does harm when it is let through: what is deleted is not there. */
const calls: readonly Call[] = [
  { method: 'GET', path: '/users', may: ['admin', 'auditor'] },
  { method: 'GET', path: '/audit', may: ['admin', 'auditor'] },
  { method: 'GET', path: '/system/configuration', may: ['admin', 'auditor'] },
  { method: 'GET', path: '/robots', may: ['admin', 'auditor'] },
  { method: 'DELETE', path: '/users/nobody-of-that-name', may: ['admin'] },
  { method: 'DELETE', path: '/groups/no-such-group', may: ['admin'] },
  { method: 'DELETE', path: '/system/scanners/no-such-scanner', may: ['admin'] },
  { method: 'POST', path: '/collection/runs', body: { dryRun: true }, may: ['admin'] },
  {
    method: 'PATCH',
    path: '/projects/acme',
    body: { visibility: 'private' },
    may: ['admin', 'owner'],
  },
  {
    method: 'PATCH',
    path: '/repositories/acme%2Fworker',
    body: { description: 'Works off what waits' },
    may: ['admin', 'owner', 'maintainer'],
  },
  {
    method: 'GET',
    path: '/repositories/acme%2Fapi',
    may: ['admin', 'auditor', 'owner', 'maintainer', 'developer', 'reader'],
  },
]

async function statusOf({ context }: Visit, { method, path, body }: Call): Promise<number> {
  const origin = `${berth.berth.origin}/api/v1`
  const session = (await (await context.request.get(`${origin}/session`)).json()) as {
    session?: { csrfToken: string } | null
  }
  const answer = await context.request.fetch(`${origin}${path}`, {
    method,
    headers: { 'x-berth-csrf': session.session?.csrfToken ?? '' },
    ...(body && { data: body }),
  })
  return answer.status()
}

for (const role of everybody) {
  test(`the server itself refuses ${role ?? 'nobody'} what the role may not do`, async () => {
    const visit = await berth.open(role, '/search')
    try {
      for (const call of calls) {
        const status = await statusOf(visit, call)
        const isLetThrough = role !== undefined && call.may.includes(role)
        const what = `${call.method} ${call.path}: ${status}`
        if (!isLetThrough) expect([401, 403, 404], what).toContain(status)
        // What is not there is said only to who may ask.
        else if (call.method === 'DELETE') expect(status, what).toBe(404)
        else expect(status, what).toBeLessThan(300)
      }
    } finally {
      await visit.close()
    }
  })
}
