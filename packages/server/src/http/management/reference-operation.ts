import type { OpenApiOperation, OpenApiParameter } from '@berth/api/openapi-document.ts'
import { exampleRequest } from './reference-example.ts'
import { code, html, markdown, type Markup } from './reference-markup.ts'
import { noteHtml, schemaHtml, typeHtml } from './reference-schema.ts'

/** One route: what it does, what it takes, what it answers, and how to call it. */
export function operationHtml(method: string, path: string, operation: OpenApiOperation): Markup {
  const { operationId, summary, description, parameters, requestBody, responses } = operation
  const body = requestBody?.content['application/json']?.schema
  return html`<article class="operation" aria-labelledby="${operationId}">
<h3 id="${operationId}"><a href="#${operationId}">${summary.replace(/\.$/, '')}</a></h3>
<p class="path"><span class="method ${method.toLowerCase()}">${method}</span> <code>${pathHtml(path)}</code></p>
${description !== undefined && html`<p>${markdown(description)}</p>`}
${operation.security !== undefined && html`<p class="open">Needs no credentials.</p>`}
${parametersHtml('Path', parameters, 'path')}
${parametersHtml('Query', parameters, 'query')}
${parametersHtml('Headers', parameters, 'header')}
${body !== undefined && html`<h4>Body</h4>${schemaHtml(body)}`}
${Object.entries(responses)
  .filter(([status]) => isGood(status))
  .map(([status, { content }]) => answerHtml(status, content))}
<h4>Other answers</h4>
<ul class="refusals">${Object.entries(responses)
    .filter(([status]) => !isGood(status))
    .map(
      ([status, response]) => html`<li><b>${status}</b> ${problemsHtml(response.description)}</li>`,
    )}</ul>
<h4>Example</h4>
<pre tabindex="0"><code>${exampleRequest(method, path, operation)}</code></pre>
</article>`
}

/** Whether the status is that of a request that went well; 304 is an answer of its own. */
function isGood(status: string): boolean {
  return status < '300' || status === '303'
}

/** A path breaks only before a slash. */
function pathHtml(path: string): Markup {
  const segments = `/api/v1${path}`.split('/').slice(1)
  return { text: segments.map((segment) => html`/${segment}`.text).join('<wbr>') }
}

function parametersHtml(
  title: string,
  parameters: readonly OpenApiParameter[],
  place: OpenApiParameter['in'],
): Markup {
  const those = parameters.filter((parameter) => parameter.in === place)
  if (those.length === 0) return html``
  return html`<h4>${title}</h4>
<ul class="members">${those.map(
    ({ name, required, description, schema }) =>
      html`<li><div class="member"><code class="name">${name}</code> <span class="type">${typeHtml(schema)}</span>${
        required && html` <span class="required">required</span>`
      }</div>
${description !== undefined && html`<div class="description">${markdown(description)}</div>`}
${noteHtml(schema)}</li>`,
  )}</ul>`
}

function answerHtml(
  status: string,
  content: OpenApiOperation['responses'][string]['content'],
): Markup {
  const types = Object.entries(content ?? {})
  if (types.length === 0) return html`<h4>Answer ${status}</h4><p class="type">No body.</p>`
  return html`<h4>Answer ${status}</h4>${types.map(([type, { schema }]) =>
    schema === undefined ? html`<p class="type">${type}</p>` : schemaHtml(schema),
  )}`
}

/** The kinds at the beginning of each sentence are linked to their explanation. */
function problemsHtml(description: string): Markup {
  const kinds = [...description.matchAll(/`(\w+)`:/g)].map((match) => match[1] ?? '')
  if (kinds.length === 0) return markdown(description)
  return {
    text: kinds.map((kind) => html`<a href="#problem-${kind}">${code(kind)}</a>`.text).join(', '),
  }
}
