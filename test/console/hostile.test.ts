import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Console, settled, startConsole } from './harness.ts'

const repository = '/repositories/acme%2Fhostile'
const image = `${repository}/images/x`

let berth: Console
beforeAll(async () => {
  berth = await startConsole()
})
afterAll(() => berth?.stop())

/** Pages that show what a stranger wrote, each with words of his that must be seen as text. */
const pages = [
  ['/repositories', '<script>document.title="run"</script>'],
  [repository, undefined],
  [`${repository}/about`, '<script>document.title='],
  [image, '<script>document.title="run"</script>'],
  [`${image}/configuration`, '<b>bold</b>'],
  [`${image}/files?path=a`, '<img src=x onerror=alert(1)>.txt'],
  [`${image}/manifest`, '<b>bold</b>'],
  [`${image}/trust`, undefined],
  [`${image}/relations`, undefined],
  ['/repositories/acme%2Fapi/images/1.0.0/findings?vulnerability=CVE-2020-99001', undefined],
  ['/security/vulnerabilities/CVE-2020-99001', '<script>document.title="run"</script><b>bold</b>'],
  ['/search?q=%3Cscript%3E', undefined],
  ['/projects/acme', undefined],
] as const

describe.each([1440, 390])('what strangers wrote, %i pixels wide', (width) => {
  test.each(pages)('%s is shown as text, runs nothing and keeps its shape', async (path, words) => {
    const { page, troubles, close } = await berth.open('admin', path, { width })
    try {
      if (words !== undefined) {
        await page.getByText(words).first().waitFor()
      }
      expect(await page.title()).toMatch(/ · Berth$/)
      const foreign = await page.evaluate(() => ({
        // The one of the page itself.
        scripts: document.querySelectorAll('script').length,
        pictures: document.querySelectorAll('main img').length,
        bold: [...document.querySelectorAll('main b')].length,
        links: [...document.querySelectorAll('a')].filter(({ href }) =>
          /^(?:javascript|data):/i.test(href),
        ).length,
        // A mark that turns the direction would make the text after it read backwards.
        marks: /[\u202a-\u202e\u2066-\u2069]/.test(document.body.textContent ?? ''),
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      }))
      expect(foreign).toEqual({
        scripts: 1,
        pictures: 0,
        bold: 0,
        links: 0,
        marks: false,
        overflow: 0,
      })
      expect(troubles).toEqual([])
    } finally {
      await close()
    }
  })
})

test('a tag of 128 characters and a repository of 255 keep the page in shape', async () => {
  const name = `acme/${'long-name/'.repeat(24)}end`
  const tag = 't'.repeat(128)
  await berth.push(name, tag)
  for (const width of [1440, 390]) {
    const path = `/repositories/${encodeURIComponent(name)}`
    for (const part of ['', `/images/${tag}`]) {
      const { page, troubles, close } = await berth.open('admin', `${path}${part}`, { width })
      try {
        await settled(page)
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        )
        expect(overflow, `${width} ${part.slice(0, 8)}`).toBe(0)
        expect(troubles).toEqual([])
      } finally {
        await close()
      }
    }
  }
})
