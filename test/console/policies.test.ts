import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Console, startConsole } from './harness.ts'
import { column, violationsIn, visitAs } from './look.ts'

let berth: Console
beforeAll(async () => {
  berth = await startConsole()
})
afterAll(() => berth?.stop())

const added = 'not-root'

describe('the policy of a project', () => {
  test('is read by those who may, and nothing is offered that they may not', async () => {
    await visitAs(berth, 'reader', '/security/policy?project=acme', async (page) => {
      await page.getByText('You may read this policy, but not change it.').waitFor()
      expect(await page.getByRole('button', { name: 'Review and save' }).count()).toBe(0)
      expect(await page.getByRole('button', { name: 'Add a rule' }).count()).toBe(0)
      await page.getByRole('button', { name: /no-critical/ }).click()
      expect(await page.getByLabel('Highest CVSS score that passes').isDisabled()).toBe(true)
    })
  })

  test('gets a rule by keyboard, says what it would block, and is saved after a look at what changes', async () => {
    await visitAs(berth, 'owner', '/security/policy?project=acme', async (page) => {
      await page.getByText(/Looked at \d+ images\. 2 blocked, 0 of them new/).waitFor()
      await page.getByRole('combobox', { name: 'Template of the new rule' }).click()
      await page.getByRole('option', { name: 'Highest score' }).click()
      await page.getByRole('button', { name: 'Add a rule' }).focus()
      await page.keyboard.press('Enter')
      // The focus goes to the name of the new rule.
      expect(
        await page.evaluate(() => (globalThis.document.activeElement as HTMLInputElement).value),
      ).toBe('maximum-cvss')
      await page.keyboard.press('ControlOrMeta+a')
      await page.keyboard.type('No spaces')
      await page.getByText('1 fault', { exact: true }).waitFor()
      await page.keyboard.press('ControlOrMeta+a')
      await page.keyboard.type('no-medium')
      const card = page.getByRole('listitem').filter({ hasText: 'no-medium' }).first()
      await card.getByLabel('Highest CVSS score that passes').fill('3')
      await page.getByText(/[1-9] of them new/).waitFor()
      expect(await violationsIn(page)).toEqual([])
      await card.getByRole('button', { name: 'Move no-medium up' }).focus()
      await page.keyboard.press('Enter')
      await page.getByText('no-medium is now rule 3 of 4.').waitFor({ state: 'attached' })
      expect(
        await page.evaluate(() => globalThis.document.activeElement?.getAttribute('aria-label')),
      ).toBe('Move no-medium up')
      await page.getByRole('button', { name: 'Review and save' }).click()
      const dialog = page.getByRole('dialog')
      const diff = dialog.getByRole('region')
      await diff.getByText('- name: no-medium').waitFor()
      // What was there stays as it was written.
      expect(await diff.innerText()).not.toContain('removed:')
      expect(await violationsIn(page, '[role=dialog]')).toEqual([])
      await dialog.getByRole('button', { name: 'Save' }).click()
      await dialog.waitFor({ state: 'detached' })
      await page.getByText('Changed by owner').waitFor()
    })
    const { document, rules } = (await berth.manage('GET', '/projects/acme/policy')) as {
      document: string
      rules: { name: string }[]
    }
    expect(rules.map(({ name }) => name)).toEqual([
      'no-critical',
      'mended-in-time',
      'no-medium',
      'signed',
    ])
    expect(document).toContain('# Nothing goes out that anyone on the network can take over.')
  })

  test('can be written as YAML, and a fault is told with line and column', async () => {
    await visitAs(berth, 'owner', '/security/policy?project=acme&view=yaml', async (page) => {
      const field = page.getByRole('textbox', { name: 'The policy as YAML' })
      const before = await field.inputValue()
      await field.fill(before.replace('score: 8.9', 'score: eleven'))
      await page.getByRole('button', { name: 'Go to Line 6, column 20' }).waitFor()
      expect(await violationsIn(page)).toEqual([])
      await page.getByRole('button', { name: 'Go to Line 6, column 20' }).click()
      expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('TEXTAREA')
      await field.fill(`${before}  - name: ${added}\n    notRoot: true\n`)
      await page.getByText('Rules', { exact: true }).first().click()
      await page
        .getByRole('button', { name: new RegExp(added) })
        .first()
        .waitFor()
      // Leaving would lose it.
      await page.getByRole('link', { name: 'Exceptions' }).click()
      await page.getByRole('dialog', { name: 'Leave without saving?' }).waitFor()
      await page.getByRole('button', { name: 'Stay' }).click()
      expect(page.url()).toContain('/security/policy')
    })
  })

  test('that somebody else changed meanwhile is not overwritten unseen', async () => {
    await visitAs(berth, 'owner', '/security/policy?project=acme', async (page) => {
      await page.getByRole('button', { name: 'Remove signed', exact: true }).click()
      const { document } = (await berth.manage('GET', '/projects/acme/policy')) as {
        document: string
      }
      const other = `${document}  - name: ${added}\n    notRoot: true\n`
      await berth.manage('PUT', '/projects/acme/policy', { document: other })
      await page.getByRole('button', { name: 'Review and save' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('button', { name: 'Save' }).click()
      await dialog.getByText('Somebody else changed this policy meanwhile').waitFor()
      await dialog.getByRole('button', { name: 'Compare with what is in force now' }).click()
      await dialog.getByRole('region').getByText(`- name: ${added}`).waitFor()
    })
    const { rules } = (await berth.manage('GET', '/projects/acme/policy')) as {
      rules: { name: string }[]
    }
    expect(rules.map(({ name }) => name)).toContain(added)
  })

  test('shows the rules that a project above sets', async () => {
    await visitAs(berth, 'owner', '/security/policy?project=acme%2Fml', async (page) => {
      await page.getByText('No policy of its own').waitFor()
      await page.getByText('from acme').first().waitFor()
    })
    await visitAs(berth, 'auditor', '/security/policies', async (page) => {
      expect(await column(page, 'Policies', 'Project')).toEqual(['acme'])
    })
  })
})
