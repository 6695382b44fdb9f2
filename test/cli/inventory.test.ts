import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pushExampleRegistry } from '../../packages/cli/src/inventory/testing/example-registry.ts'
import {
  packLayer,
  RegistryPusher,
} from '../../packages/cli/src/inventory/testing/push-registry.ts'
import { makeHome } from '../../packages/cli/src/testing/logged-in.ts'
import { runCommand } from '../../packages/cli/src/testing/run-command.ts'
import { type Berth, startBerth } from '../tools/berth.ts'
import { mustRun, requireTool } from '../tools/process.ts'

const hostile = '"><script>document.title="bad"</script><img src=x onerror=document.title="bad">'

let berth: Berth
let home: Awaited<ReturnType<typeof makeHome>>
let folder: string
let page: string

beforeAll(async () => {
  berth = await startBerth()
  home = await makeHome({ [berth.host]: berth })
  folder = await mkdtemp(join(tmpdir(), 'berth-inventory-'))
  await pushExampleRegistry(berth)
  const pusher = new RegistryPusher(berth)
  const base = packLayer('hostile base', 4000)
  const annotations = { 'org.opencontainers.image.base.name': hostile }
  const longName =
    'team/a-repository-with-a-name-that-does-not-end/and-does-not-fit-anywhere/at-all'
  await pusher.image(longName, ['1'], { layers: [base], annotations })
  await pusher.image('team/x', ['1'], { layers: [base, packLayer('x', 100)], annotations })
  pusher.close()
  const file = join(folder, 'page.html')
  const { code, stderr } = await runCommand(['inventory', berth.host, '--html', file], home)
  expect({ code, stderr }).toMatchObject({ code: 0 })
  page = await readFile(file, 'utf8')
})

afterAll(async () => {
  await berth.stop()
  await home.remove()
  await rm(folder, { recursive: true, force: true })
})

/** What the browser makes of a page, with its scripts run, in a window of so many pixels. */
async function render(html: string, width = 1440): Promise<string> {
  const file = join(folder, 'rendered.html')
  await writeFile(file, html)
  return mustRun(requireTool('chromium'), [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    `--user-data-dir=${join(folder, 'profile')}`,
    `--window-size=${width},900`,
    '--virtual-time-budget=2000',
    '--dump-dom',
    pathToFileURL(file).href,
  ])
}

function titleOf(dom: string): string | undefined {
  return /<title>([^<]*)<\/title>/.exec(dom)?.[1]
}

/** The page with its policy taken off, and a script that writes what it finds into the title. */
function probing(expression: string): string {
  return page
    .replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '')
    .replace('</body>', `<script>document.title = String(${expression})</script></body>`)
}

describe('the page of berth inventory in a browser', () => {
  test('shows names from strangers as text', async () => {
    const dom = await render(page, 1440)
    expect(titleOf(dom)).toBe(`Inventory of ${berth.host}`)
    expect(dom).toContain('&lt;script&gt;document.title="bad"&lt;/script&gt;')
    expect(dom).not.toMatch(/<script|<img/)
  })

  test('runs no script and takes no style, even one that got in', async () => {
    const injected = page
      .replace('</body>', '<script>document.title="bad"</script></body>')
      .replace('<main', '<img src="x:" onerror="document.title=1"><main')
    expect(titleOf(await render(injected, 1440))).toBe(`Inventory of ${berth.host}`)
    // Without the policy the same script does run: the browser, and not luck, stopped it.
    expect(titleOf(await render(probing('"ran"'), 1440))).toBe('ran')
  })

  test.each([1440, 390])('does not scroll sideways at %i pixels', async (width) => {
    // A window is never as narrow as a phone; a frame within it is.
    const measure = '[innerWidth, document.documentElement.scrollWidth <= innerWidth].join(" ")'
    await writeFile(
      join(folder, 'framed.html'),
      probing(measure).replace(
        '</body>',
        '<script>parent.postMessage(document.title, "*")</script></body>',
      ),
    )
    const frame = `<title></title><iframe src="framed.html" width="${width}" height="800" frameborder="0"></iframe>
<script>addEventListener('message', ({ data }) => { document.title = data })</script>`
    expect(titleOf(await render(frame, 1600))).toBe(`${width} true`)
  })

  test('is styled by its one style sheet, and has a name for every picture', async () => {
    const background = titleOf(
      await render(probing('getComputedStyle(document.body).margin'), 1440),
    )
    expect(background).toBe('0px')
    const unnamed = probing(
      '[...document.querySelectorAll("svg[role=img]")].filter((each) => !each.getAttribute("aria-label")).length + " of " + document.querySelectorAll("svg[role=img]").length',
    )
    expect(titleOf(await render(unnamed, 1440))).toMatch(/^0 of [1-9]/)
  })
})
