import { createHash } from 'node:crypto'
import type { OpenApiDocument, OpenApiOperation } from '@berth/api/openapi-document.ts'
import { problemTexts } from '@berth/api/problem.ts'
import { operationHtml } from './reference-operation.ts'
import { code, html, markdown, raw, type Markup } from './reference-markup.ts'
import { schemaHtml } from './reference-schema.ts'
import { styleSheet } from './reference-style.ts'

/** The SHA-256 of the page's style sheet in base64, for its content security policy. */
export const styleDigest = createHash('sha256').update(styleSheet).digest('base64')

type Entry = {
  readonly method: string
  readonly path: string
  readonly operation: OpenApiOperation
}

/**
 * The reference of the API as one page that needs nothing else: no script, no font, no request.
 */
export function referencePage(document: OpenApiDocument): string {
  const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  )
  const topics = document.tags.map(({ name }) => ({
    name,
    anchor: anchorOf(name),
    entries: entries.filter(({ operation }) => operation.tags.includes(name)),
  }))
  const schemas = Object.entries(document.components.schemas)
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Berth management API</title>
<style>${raw(styleSheet)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top"><a class="brand" href="#content">Berth</a> <span>Management API</span> <span class="version">${document.info.version}</span></header>
<div class="columns">
<nav aria-label="Contents">
<details class="contents"><summary>Contents</summary>${contentsHtml(topics, schemas.length > 0)}</details>
<div class="contents-wide">${contentsHtml(topics, schemas.length > 0)}</div>
</nav>
<main id="content">
${introductionHtml(entries.length)}
${topics.map(
  (topic) => html`<section aria-labelledby="${topic.anchor}">
<h2 id="${topic.anchor}">${topic.name}</h2>
${topic.entries.map(({ method, path, operation }) => operationHtml(method, path, operation))}
</section>`,
)}
${problemsHtml()}
${
  schemas.length > 0 &&
  html`<section aria-labelledby="schemas">
<h2 id="schemas">Schemas</h2>
${schemas.map(
  ([name, schema]) => html`<article class="schema" aria-labelledby="schema-${name}">
<h3 id="schema-${name}">${name}</h3>
${schemaHtml(schema)}
</article>`,
)}
</section>`
}
</main>
</div>
</body>
</html>
`.text
}

type Topic = { readonly name: string; readonly anchor: string; readonly entries: readonly Entry[] }

function contentsHtml(topics: readonly Topic[], hasSchemas: boolean): Markup {
  return html`<ul class="toc">
<li><a href="#start">Getting started</a></li>
${topics.map(
  (topic) => html`<li><a class="topic" href="#${topic.anchor}">${topic.name}</a>
<ul>${topic.entries.map(
    ({ method, operation }) =>
      html`<li><a href="#${operation.operationId}"><span class="method ${method.toLowerCase()}">${method}</span> ${operation.summary.replace(/\.$/, '')}</a></li>`,
  )}</ul></li>`,
)}
<li><a href="#problems">Problems</a></li>
${hasSchemas && html`<li><a href="#schemas">Schemas</a></li>`}
</ul>`
}

function introductionHtml(count: number): Markup {
  return html`<section aria-labelledby="start" class="intro">
<h1 id="start">Management API</h1>
<p>${String(count)} routes below ${code('/api/v1')}, in JSON. The same in OpenAPI 3.1: <a href="/api/v1/openapi.json">openapi.json</a>.</p>
<dl>
<dt>Credentials</dt>
<dd>${markdown('A user name with a password or a personal API key, or a robot with its secret, as HTTP Basic; an API key as `Bearer`. A browser session sends its token in `X-Berth-CSRF` with every change.')}</dd>
<dt>Names with slashes</dt>
<dd>${markdown('A name is one part of the path. Its slashes are escaped: the project `acme/ml` is `/projects/acme%2Fml`.')}</dd>
<dt>Lists</dt>
<dd>${markdown('A list comes in pages. Give `next` of one page as `after` of the following; on the last page `next` is `null`.')}</dd>
<dt>Versions</dt>
<dd>${markdown('A thing that changes has an `ETag`. Sent back as `If-Match`, a change is made only if nobody changed the thing since: otherwise `412`.')}</dd>
<dt>Repeating a POST</dt>
<dd>${markdown('With an `Idempotency-Key` of your choice the work is done once: for 24 hours the same request gets the first answer again, marked `Idempotency-Replayed: true`. An answer that held a secret is not given twice.')}</dd>
<dt>Refusals</dt>
<dd>${markdown('Every refusal is problem details (RFC 9457). What you may not see looks like what does not exist. `429` and `503` say in `Retry-After` when to go on.')}</dd>
</dl>
</section>`
}

function problemsHtml(): Markup {
  return html`<section aria-labelledby="problems">
<h2 id="problems">Problems</h2>
<p>${markdown('The `type` of a problem is `urn:berth:problem:` followed by one of these.')}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Problems"><table>
<thead><tr><th scope="col">Type</th><th scope="col">Status</th><th scope="col">Meaning</th></tr></thead>
<tbody>${Object.entries(problemTexts).map(
    ([kind, { status, meaning }]) =>
      html`<tr id="problem-${kind}"><td>${code(kind)}</td><td>${String(status)}</td><td>${markdown(meaning)}</td></tr>`,
  )}</tbody>
</table></div>
</section>`
}

function anchorOf(name: string): string {
  return `topic-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`
}
