import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Console, startConsole, type Visit } from './harness.ts'
import { overflowOf } from './look.ts'
import { writeHostile } from './strangers.ts'

const repository = '/repositories/acme%2Fhostile'
// Of 255 characters clients spend some on the address.
const longName = `acme/${'long-name/'.repeat(22)}end`
const longTag = 't'.repeat(128)
const cve = 'CVE-2020-99001'

let berth: Console
let visit: Visit
let userCode: string
beforeAll(async () => {
  berth = await startConsole()
  ;({ userCode } = await writeHostile(berth.berth))
  await berth.push(longName, longTag)
  visit = await berth.open('admin', '/')
  await visit.page.evaluate(watch)
})
afterAll(() => berth?.stop())

/** Notes what ran, and keeps it: a page of the console is left without a reload. */
function watch() {
  Object.assign(globalThis, { berthRan: 0 })
}

const bold = '<b>bold</b>'
const script = '<script>document.title="run"</script>'

/** Pages that show what a stranger wrote, each with words of theirs that must be seen as text, and buttons that show more. */
const pages: readonly { path: string; words?: string; open?: RegExp }[] = [
  { path: '/' },
  { path: '/repositories', words: script },
  { path: '/projects', words: bold },
  { path: '/projects/acme', words: bold },
  { path: '/projects/acme/robots', words: bold },
  { path: '/projects/acme/trust', words: bold },
  { path: '/projects/acme/security' },
  { path: '/projects/acme/audit' },
  { path: '/projects/acme/settings', words: bold },
  { path: repository, words: script },
  { path: `${repository}/about`, words: `<script>document.title='run'</script>` },
  { path: `${repository}/manifests` },
  { path: `${repository}/settings`, words: script },
  { path: `${repository}/compare?from=x&to=y`, words: bold },
  { path: `${repository}/images/x`, words: script },
  { path: `${repository}/images/x/configuration`, words: bold },
  { path: `${repository}/images/x/manifest`, words: bold },
  { path: `${repository}/images/x/files?path=a`, words: '<img src=x onerror=alert(1)>.txt' },
  { path: `${repository}/images/y`, words: bold, open: /Show the whole instruction/ },
  { path: `${repository}/images/y/configuration`, words: bold, open: /show all/ },
  { path: `${repository}/images/y/files?path=b`, words: '<b>bold<b>' },
  { path: `${repository}/images/y/packages`, words: bold },
  { path: `${repository}/images/y/findings`, words: bold },
  { path: `${repository}/images/y/trust`, words: bold, open: /Show what went into it/ },
  { path: `${repository}/images/y/relations` },
  { path: `${repository}/images/z` },
  { path: `${repository}/images/z/configuration` },
  { path: `/repositories/acme%2Fapi/images/1.0.0/findings?vulnerability=${cve}` },
  { path: `/repositories/${encodeURIComponent(longName)}`, words: longTag },
  { path: `/repositories/${encodeURIComponent(longName)}/images/${longTag}` },
  { path: '/security/findings' },
  { path: '/security/packages' },
  { path: '/security/exceptions?project=acme', words: bold },
  { path: '/security/statements?project=acme', words: bold },
  { path: `/security/vulnerabilities/${cve}`, words: bold },
  { path: '/security/vulnerabilities/%3Cb%3Ebold%3C%2Fb%3E%E2%80%AEturned', words: bold },
  { path: '/search?q=%3Cb%3Ebold%3C%2Fb%3E%E2%80%AEturned' },
  { path: '/search?q=longlong' },
  { path: '/administration/audit?action=session.refused', open: /Show the entry/ },
  { path: '/administration/users', words: bold },
  { path: '/administration/users/mallory', words: bold },
  { path: '/administration/groups' },
  { path: '/administration/jobs' },
  { path: '/administration/storage' },
]

/** What the page made of it: elements, links, accessible names and marks that no text of a stranger may leave behind. */
function made(page: Page) {
  return page.evaluate(() => {
    const marks = /[\u202a-\u202e\u2066-\u2069]/
    const all = [...document.body.querySelectorAll('*')]
    const named = ['aria-label', 'title', 'alt', 'aria-description']
    const cut = (element: Element) => element.outerHTML.slice(0, 200)
    return {
      ran: (globalThis as unknown as { berthRan: number }).berthRan,
      scripts: document.querySelectorAll('script').length,
      elements: all
        .filter(
          (each) => each.matches('[onerror], iframe, b') && /^(?:bold)?$/.test(each.textContent),
        )
        .map(cut),
      links: all
        .filter((each) => each instanceof HTMLAnchorElement && !/^https?:/.test(each.protocol))
        .map(cut),
      marks: all
        .filter((each) =>
          [...each.childNodes].some(
            (node) => node.nodeType === Node.TEXT_NODE && marks.test(node.textContent ?? ''),
          ),
        )
        .map(cut),
      markedNames: all
        .filter((each) => named.some((name) => marks.test(each.getAttribute(name) ?? '')))
        .map(cut),
      titled: document.title.endsWith(' · Berth') && !marks.test(document.title),
    }
  })
}

const harmless = {
  ran: 0,
  scripts: 1,
  elements: [],
  links: [],
  marks: [],
  markedNames: [],
  titled: true,
}

describe('what strangers wrote is shown as text, runs nothing and keeps its shape at 1440 and 390', () => {
  test.each(pages)('$path', async ({ path, words, open }) => {
    await look(path, words, open)
  })

  test('what a device calls itself', async () => {
    await look(`/device?code=${userCode}`, bold)
  })
})

async function look(path: string, words?: string, open?: RegExp): Promise<void> {
  const { page, go, rest, troubles } = visit
  troubles.length = 0
  await page.setViewportSize({ width: 1440, height: 900 })
  await go(path)
  if (words !== undefined) await page.getByText(words).first().waitFor()
  if (open !== undefined) {
    await page.getByRole('button', { name: open }).first().click()
    await rest()
  }
  const widths = []
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 844 })
    await rest()
    widths.push(await overflowOf(page))
  }
  // Pixels beyond the edge at both widths, and what the policy had to forbid.
  const found = { ...(await made(page)), widths, troubles }
  expect(found).toEqual({ ...harmless, widths: [0, 0], troubles: [] })
  if (open !== undefined) await page.keyboard.press('Escape')
}
