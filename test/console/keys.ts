import type { Locator, Page } from 'playwright-core'

type Control = Parameters<Page['getByRole']>[0]

/** More steps than this to a control are too many: the page wants a better order, or a link that skips. */
const stepsMax = 40

/** Somebody who has no mouse. Every step looks whether the focus can be seen. */
export class Keys {
  readonly #page: Page
  /** Controls that had the focus without showing it. */
  readonly unseen = new Set<string>()

  constructor(page: Page) {
    this.#page = page
  }

  /** Goes on by Tab, or another key, until the control has the focus; throws, with the way that was gone, after too many steps. */
  async reach(role: Control, name: string | RegExp, key = 'Tab') {
    const isExact = typeof name === 'string'
    const wanted = this.#page.getByRole(role, { name, exact: isExact })
    await wanted.first().waitFor()
    const way: string[] = []
    for (let steps = 0; steps < stepsMax; steps += 1) {
      if (await hasFocus(wanted)) return
      await this.#page.keyboard.press(key)
      const { name: at, isSeen } = await this.#page.evaluate(lookAtFocus)
      way.push(at)
      if (!isSeen) this.unseen.add(at)
    }
    if (await hasFocus(wanted)) return
    throw new Error(`${stepsMax} steps did not lead to ${role} ${String(name)}: ${way.join(' > ')}`)
  }

  /** Chooses from the menu that is open. */
  async choose(item: string): Promise<void> {
    await this.reach('menuitem', item, 'ArrowDown')
    await this.press('Enter')
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#page.keyboard.press(key)
  }

  /** Goes to the control and presses a key on it. */
  async use(role: Control, name: string | RegExp, key = 'Enter'): Promise<void> {
    await this.reach(role, name)
    await this.press(key)
  }

  /** Goes to the field and types in the place of what it holds. */
  async fill(name: string | RegExp, text: string): Promise<void> {
    await this.reach('textbox', name)
    await this.replace(text)
  }

  /** Types in the place of what the field that has the focus holds. */
  async replace(text: string): Promise<void> {
    await this.press('ControlOrMeta+a')
    await this.#page.keyboard.type(text)
  }

  /** Steps by Tab through a dialog until it begins anew; what it holds that this did not lead to, and where it led out. */
  async walk(dialog: Locator): Promise<string[]> {
    for (let steps = 0; steps < stepsMax; steps += 1) {
      const step = await dialog.evaluate((element, number) => {
        const { activeElement: at } = document
        if (!(at instanceof HTMLElement) || !element.contains(at)) return 'out'
        const before = at.dataset['reached']
        at.dataset['reached'] = String(number)
        // The parts of a date are stops of their own.
        return before === undefined || before === String(number - 1) ? 'new' : 'again'
      }, steps)
      if (step === 'out') return [`after ${steps} steps the focus is outside of the dialog`]
      if (step === 'again') return dialog.evaluate(unreachedIn)
      const { name, isSeen } = await this.#page.evaluate(lookAtFocus)
      if (!isSeen) this.unseen.add(name)
      await this.#page.keyboard.press('Tab')
    }
    return [`${stepsMax} steps do not lead through the dialog`]
  }

  /** Past the head and the navigation, as the first step into every page offers it. */
  async skipToContent(): Promise<void> {
    await this.use('link', 'Skip to the content')
  }
}

/** Whether one of the elements has the focus. */
export function hasFocus(locator: Locator): Promise<boolean> {
  return locator.evaluateAll((all) => all.some((each) => each === document.activeElement))
}

/** Of a group of radio buttons one is a stop, and keys lead to the others. */
function unreachedIn(dialog: Element): string[] {
  return [...dialog.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea')]
    .filter((control) => control.tabIndex >= 0 && !control.matches(':disabled, [type=radio]'))
    .filter((control) => control.checkVisibility({ visibilityProperty: true }))
    .filter((control) => control.dataset['reached'] === undefined)
    .map((control) => control.outerHTML.slice(0, 120))
}

/** What has the focus, and whether it can be seen: on the screen, with an outline or a border of the colour of the theme. */
async function lookAtFocus(): Promise<{ name: string; isSeen: boolean }> {
  // Even the shortest transition ends with the next frame.
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
  const element = document.activeElement
  if (!(element instanceof HTMLElement) || element === document.body) {
    return { name: 'the browser itself', isSeen: true }
  }
  const text = element.getAttribute('aria-label') ?? element.innerText ?? ''
  const label = (element as HTMLInputElement).labels?.[0]?.innerText ?? ''
  const name = `${element.tagName.toLowerCase()} ${text === '' ? label : text}`.slice(0, 60)
  const probe = document.body.appendChild(document.createElement('i'))
  probe.style.color = 'var(--mantine-primary-color-filled)'
  const themeColor = getComputedStyle(probe).color
  probe.remove()
  // Some parts mark what stands around or beside the element itself.
  const around = [element, element.parentElement, element.parentElement?.parentElement]
  const shown = [...around, element.nextElementSibling].filter((each) => each instanceof Element)
  const isMarked = shown.some((each) => {
    const { outlineStyle, outlineWidth, borderTopColor, borderTopWidth } = getComputedStyle(each)
    const hasOutline = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0
    return hasOutline || (borderTopColor === themeColor && Number.parseFloat(borderTopWidth) > 0)
  })
  const { top, bottom, left, right } = element.getBoundingClientRect()
  const isOnScreen = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth
  return { name, isSeen: isMarked && isOnScreen }
}
