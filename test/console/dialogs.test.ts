import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Console, startConsole, type Visit } from './harness.ts'
import { hasFocus, Keys } from './keys.ts'
import { dialogs } from './pages.ts'

let berth: Console
let visit: Visit
beforeAll(async () => {
  berth = await startConsole()
  visit = await berth.open('admin', '/')
})
afterAll(async () => {
  await visit?.close()
  await berth?.stop()
})

// Nothing here touches a mouse.
for (const { path, open } of dialogs) {
  test(`${path}: ${open.join(', ')}: is opened, gone through and closed by keys, and gives the focus back`, async () => {
    await visit.go(path)
    const { page, rest } = visit
    const keys = new Keys(page)
    const [first = '', item] = open
    const opener = page.getByRole('button', { name: first }).first()
    await opener.focus()
    await keys.press('Enter')
    if (item !== undefined) {
      await keys.reach('menuitem', item, 'ArrowDown')
      await keys.press('Enter')
    }
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    await rest()
    await expect.poll(() => dialog.evaluate((it) => it.contains(document.activeElement))).toBe(true)
    expect(await keys.walk(dialog)).toEqual([])
    expect([...keys.unseen], 'where the focus is not seen').toEqual([])
    await keys.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await expect.poll(() => hasFocus(opener)).toBe(true)
    expect(visit.troubles).toEqual([])
  })
}
