/**
 * Takes a picture of every page at 1440 and 390 pixels, light and dark:
 *
 *   node test/console/screenshots.ts <folder> [part of a path]
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startConsole } from './harness.ts'
import { pages } from './pages.ts'

const [folder, part = ''] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: node test/console/screenshots.ts <folder> [part]')
mkdirSync(folder, { recursive: true })

const berth = await startConsole()
try {
  for (const { path, role } of pages.filter((page) => page.path.includes(part))) {
    const name = path === '/' ? 'home' : path.slice(1).replaceAll(/[^\w.]+/g, '-')
    for (const scheme of ['light', 'dark'] as const) {
      const { page, close } = await berth.open(role, path, { scheme })
      for (const width of [1440, 390]) {
        await page.setViewportSize({ width, height: width === 390 ? 844 : 900 })
        await page.waitForTimeout(150)
        await page.screenshot({
          path: join(folder, `${name}-${width}-${scheme}.png`),
          fullPage: true,
        })
      }
      await close()
    }
    process.stdout.write(`${path}\n`)
  }
} finally {
  await berth.stop()
}
