import type { JsonObject, OpenApiOperation } from '@berth/api/openapi-document.ts'

const samples: Readonly<Record<string, string>> = {
  project: 'acme%2Fml',
  repository: 'acme%2Fml%2Ftrainer',
  tag: 'v1.4',
  digest: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  reference: 'v1.4',
  user: 'ada',
  group: 'builders',
  robot: 'deploy',
  kind: 'user',
  subject: 'ada',
}

const depthMax = 6

/** How to call the route from a shell. The server's address and the credentials are variables. */
export function exampleRequest(
  method: string,
  path: string,
  { parameters, requestBody, security }: OpenApiOperation,
): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const schema = parameters.find((parameter) => parameter.name === name)?.schema ?? {}
    return samples[name] ?? encodeURIComponent(String(sampleOf(schema, name, 0)))
  })
  const required = parameters
    .filter((parameter) => parameter.in === 'query' && parameter.required)
    .map(({ name, schema }) => `${name}=${encodeURIComponent(String(sampleOf(schema, name, 0)))}`)
  const query = required.length === 0 ? '' : `?${required.join('&')}`
  const lines = [`curl${method === 'GET' ? '' : ` -X ${method}`} "$BERTH/api/v1${filled}${query}"`]
  if (security === undefined) lines.push('-u "$NAME:$PASSWORD"')
  if (parameters.some(({ name }) => name === 'If-Match')) lines.push(`-H 'If-Match: "3"'`)
  const schema = requestBody?.content['application/json']?.schema
  if (schema !== undefined) {
    const body = JSON.stringify(sampleOf(schema, 'body', 0), null, 2).replaceAll(
      "'",
      String.raw`'\''`,
    )
    lines.push("-H 'Content-Type: application/json'", `-d '${body}'`)
  }
  return lines.join(' \\\n  ')
}

/** A value that fits the schema: what must be there, and no more. */
function sampleOf(schema: JsonObject, name: string, depth: number): unknown {
  const { type, properties, required, items } = schema
  if (schema['const'] !== undefined) return schema['const']
  if (schema['default'] !== undefined) return schema['default']
  if (Array.isArray(schema['enum'])) return schema['enum'][0]
  if (Array.isArray(schema['examples'])) return schema['examples'][0]
  const choices = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(choices) && depth < depthMax) {
    return sampleOf((choices[0] ?? {}) as JsonObject, name, depth + 1)
  }
  const first = Array.isArray(type) ? type[0] : type
  switch (first) {
    case 'object':
      return objectSample(properties, required, depth)
    case 'array':
      return depth < depthMax && schema['minItems'] !== undefined
        ? [sampleOf((items ?? {}) as JsonObject, name, depth + 1)]
        : []
    case 'integer':
    case 'number':
      return Math.max(1, Number(schema['minimum'] ?? 1))
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return textSample(schema, name)
  }
}

function objectSample(properties: unknown, required: unknown, depth: number): unknown {
  const members = Object.entries((properties ?? {}) as { [name: string]: JsonObject })
  const names: readonly unknown[] = Array.isArray(required) ? required : []
  const shown = names.length === 0 ? members.slice(0, 1) : members
  if (depth >= depthMax) return {}
  return Object.fromEntries(
    shown
      .filter(([name]) => names.length === 0 || names.includes(name))
      .map(([name, member]) => [name, sampleOf(member, name, depth + 1)]),
  )
}

function textSample(schema: JsonObject, name: string): string {
  if (schema['format'] === 'date-time') return '2030-01-31T12:00:00.000Z'
  if (/password|secret/i.test(name)) return '…'
  return decodeURIComponent(samples[name] ?? 'example')
}
