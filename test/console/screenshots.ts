/**
 * Takes a picture of every page at 1440 and 390 pixels, light and dark, or the one of the README:
 *
 *   node test/console/screenshots.ts <folder> [part of a path]
 *   node test/console/screenshots.ts --readme
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startConsole } from './harness.ts'
import { pages } from './pages.ts'
import { smallPng } from './small-png.ts'

const usage = 'usage: node test/console/screenshots.ts <folder> [part] | --readme'
const readmePicture = join(import.meta.dirname, '../../docs/images/console.png')
/** It stays in every copy of the repository. */
const readmeBytesMax = 150_000
/** As in the README, so that the picture shows the same lines. */
const readmePort = 5000

const [folder, part = ''] = process.argv.slice(2)
if (folder === undefined) throw new Error(usage)
if (folder === '--readme') await takeReadmePicture()
else await takePictures(folder)

async function takePictures(into: string): Promise<void> {
  mkdirSync(into, { recursive: true })
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
            path: join(into, `${name}-${width}-${scheme}.png`),
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
}

/** An image with what was found in it. */
async function takeReadmePicture(): Promise<void> {
  const berth = await startConsole({ port: readmePort })
  try {
    const { page } = await berth.open('admin', '/repositories/acme%2Fapi/images/1.0.0/findings')
    await page.waitForTimeout(150)
    const picture = smallPng(await page.screenshot())
    if (picture.length > readmeBytesMax) {
      throw new Error(`The picture has ${picture.length} bytes, ${readmeBytesMax} at most.`)
    }
    writeFileSync(readmePicture, picture)
    process.stdout.write(`docs/images/console.png: ${picture.length} bytes\n`)
  } finally {
    await berth.stop()
  }
}
