import { html, type Markup } from './markup.ts'

export type TableColumn = { readonly title: string; readonly isNumber?: boolean }

/** A table with the first column as the heading of each row. It scrolls by itself where the page is narrow. */
export function table(
  caption: string,
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${columns.map(
    ({ title, isNumber }) =>
      html`<th scope="col"${isNumber === true ? html` class="number"` : ''}>${title}</th>`,
  )}</tr></thead><tbody>${rows.map(
    (row) =>
      html`<tr>${row.map((cell, at) => {
        if (at === 0) return html`<th scope="row">${cell}</th>`
        return html`<td${columns[at]?.isNumber === true ? html` class="number"` : ''}>${cell}</td>`
      })}</tr>`,
  )}</tbody></table></div>`
}

/** A table that is opened on demand: the figures behind a chart. */
export function tableBehind(
  caption: string,
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): Markup {
  if (rows.length === 0) return html``
  return html`<details><summary>${caption}: as a table</summary>${table(caption, columns, rows)}</details>`
}
