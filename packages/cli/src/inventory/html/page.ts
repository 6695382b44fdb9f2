import { createHash } from 'node:crypto'
import type { InventoryReport } from '../report.ts'
import { html, joinMarkup, type Markup } from './markup.ts'
import { agesSection, duplicatesSection, variantsSection } from './detail-sections.ts'
import { adviceSection, familiesSection, figures, repositoriesSection } from './main-sections.ts'
import { style } from './style.ts'

/**
 * The reports as one page that needs nothing else: no script, nothing loaded, and a policy that lets nothing be loaded
 * or run whatever names and labels hold. Rows of its longest tables are limited; `--json` has all of them.
 */
export function renderPage(reports: readonly InventoryReport[]): string {
  const title = `Inventory of ${reports.map(({ registry }) => registry).join(', ')}`
  const digest = createHash('sha256').update(style).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
${joinMarkup([styleElement()])}
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
${reports.map((report, at) => registryPart(report, at))}
<footer><p>Bytes are those that are stored, that is compressed. What a recommendation saves is what nothing would refer to any more afterwards; recommendations overlap, so their figures must not be added up.</p></footer>
</body>
</html>
`.text
}

// The style sheet holds quotes and angles that are meant.
function styleElement(): Markup {
  const [open, close] = [html`<style>`, html`</style>`]
  return { ...open, text: `${open.text}${style}${close.text}` }
}

function registryPart(report: InventoryReport, at: number): Markup {
  const id = (name: string): string => (at === 0 ? name : `${name}-${at + 1}`)
  const sections = [
    { id: id('recommendations'), title: 'What to do', body: adviceSection(report) },
    { id: id('repositories'), title: 'Bytes by repository', body: repositoriesSection(report) },
    { id: id('families'), title: 'Families', body: familiesSection(report) },
    { id: id('ages'), title: 'Age', body: agesSection(report) },
    { id: id('variants'), title: 'GPU and CPU', body: variantsSection(report) },
    { id: id('duplicates'), title: 'Kept more than once', body: duplicatesSection(report) },
  ]
  const { registry, readAt, isWhole, problems } = report
  return html`<header>
<h1>${registry}</h1>
<p class="lead">What it holds, what is shared, and what could be saved. Read on ${readAt.slice(0, 16).replace('T', ' at ')} UTC.</p>
${isWhole ? '' : html`<p class="note">Only a part of the registry was looked at: others may share what is called unique here, so less may be gained.</p>`}
${problems.map((problem) => html`<p class="note">Note: ${problem}</p>`)}
<nav aria-label="Sections of ${registry}"><ul>${sections.map((each) => html`<li><a href="#${each.id}">${each.title}</a></li>`)}</ul></nav>
</header>
<main id="${id('content')}">
${figures(report)}
${sections.map(
  (
    each,
  ) => html`<section class="card" id="${each.id}" aria-labelledby="${each.id}-title"><h2 id="${each.id}-title">${each.title}</h2>
${each.body}</section>
`,
)}</main>
`
}
