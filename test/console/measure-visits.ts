import type { Page } from 'playwright-core'

/**
 * What is to be on the page: the first (or `every`, or, when `isGone`, none) of what a selector finds, with this text.
 * It is data, since the policy of the page allows no code made from text.
 */
export type Sight = {
  readonly selector: string
  readonly text?: string
  readonly every?: boolean
  readonly isGone?: boolean
}

/** Something that is done on a page, and what it shows when it is done. */
export type Step = {
  readonly name: string
  act(page: Page): Promise<unknown>
  readonly shows: Sight
}

export type Visit = {
  readonly name: string
  readonly path: string
  readonly steps: readonly Step[]
  /** Whether there is a long table to scroll. */
  readonly scrolls?: boolean
}

const keyPauseMs = 60
const rows = 'main tbody tr[aria-rowindex]'
/** A first row, and when `text` is given one with it. */
const firstRow = (text = ''): Sight => ({ selector: rows, text })

/** No row of the list before is left. */
function typed(
  name: string,
  text: string,
  shows: Sight = { selector: rows, text, every: true },
): Step {
  return {
    name,
    act: (page) =>
      page
        .getByRole('main')
        .getByRole('textbox')
        .first()
        .pressSequentially(text, { delay: keyPauseMs }),
    shows,
  }
}

function cleared(shows: Sight): Step {
  return {
    name: 'clear the filter',
    act: (page) =>
      page
        .getByRole('main')
        .getByRole('button', { name: /^Clear/ })
        .first()
        .click(),
    shows,
  }
}

function sorted(column: string, begins: string): Step {
  return {
    name: `sort by ${column.toLowerCase()}`,
    act: (page) => page.getByRole('columnheader', { name: column }).getByRole('button').click(),
    shows: firstRow(begins),
  }
}

/** `among`: the links of the page itself, or those beside it. */
function followed(to: string, shows: Sight, among: 'main' | 'navigation' = 'navigation'): Step {
  return {
    name: `go to ${to.toLowerCase()}`,
    act: (page) =>
      page.getByRole(among).getByRole('link', { name: to, exact: true }).first().click(),
    shows,
  }
}

/** What people do most, before a store as `bench/load-console.ts` fills it. `image`: a reference in `repository`. */
export function visitsOf(given: {
  readonly large: string
  readonly image: { readonly repository: string; readonly tag: string }
}): readonly Visit[] {
  const { large, image } = given
  const at = (repository: string) => `/repositories/${encodeURIComponent(repository)}`
  return [
    {
      name: 'home',
      path: '/',
      steps: [
        {
          name: 'search as one types',
          act: (page) =>
            page
              .getByRole('combobox')
              .first()
              .pressSequentially('service-471', { delay: keyPauseMs }),
          shows: { selector: '[role=option]', text: 'service-471' },
        },
        followed('Repositories', firstRow()),
      ],
    },
    {
      name: 'projects',
      path: '/projects',
      steps: [typed('filter', 'project-77')],
      scrolls: true,
    },
    {
      name: 'repositories',
      path: '/repositories',
      steps: [
        typed('filter', '4711'),
        cleared(firstRow('large/')),
        sorted('Size', 'service-10000'),
      ],
      scrolls: true,
    },
    {
      name: 'repositories: a filter that nothing passes',
      path: '/repositories',
      steps: [typed('filter', 'zzzz', { selector: rows, isGone: true })],
    },
    {
      name: 'tags',
      path: at(large),
      steps: [
        typed('filter', 'v0123'),
        cleared(firstRow('v049999')),
        {
          name: 'sort by name',
          act: (page) => page.getByRole('combobox', { name: 'Order' }).press('b'),
          shows: firstRow('v000000'),
        },
        {
          name: 'open a dialog',
          act: (page) =>
            page
              .getByRole('button', { name: /^How to pull v/ })
              .first()
              .click(),
          shows: { selector: '[role=dialog]' },
        },
      ],
      scrolls: true,
    },
    {
      name: 'image',
      path: `${at(image.repository)}/images/${image.tag}`,
      steps: [followed('Configuration', { selector: 'main', text: 'linux' }, 'main')],
    },
    { name: 'search', path: '/search?q=library-47', steps: [] },
    {
      name: 'security',
      path: '/security',
      steps: [followed('Findings', firstRow())],
    },
    { name: 'findings', path: '/security/findings', steps: [], scrolls: true },
    {
      name: 'system',
      path: '/administration/system',
      steps: [followed('Storage', firstRow())],
    },
  ]
}
