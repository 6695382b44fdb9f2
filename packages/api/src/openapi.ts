import * as z from 'zod'
import type {
  JsonObject,
  MediaTypes,
  OpenApiDocument,
  OpenApiOperation,
  OpenApiParameter,
  OpenApiResponse,
} from './openapi-document.ts'
import { SchemaNames } from './openapi-names.ts'
import { commonProblems, problemMediaType, problemSchema, problemTexts } from './problem.ts'
import type { ProblemKind, Route } from './route.ts'

const securitySchemes: JsonObject = {
  password: {
    type: 'http',
    scheme: 'basic',
    description: 'A user name with a password or a personal API key, or a robot with its secret.',
  },
  token: {
    type: 'http',
    scheme: 'bearer',
    description: 'A personal API key, or a token of the token endpoint.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'berth_session',
    description: 'A browser session. Changes need its token in `X-Berth-CSRF` too.',
  },
}

const everySecurity = Object.keys(securitySchemes).map((name) => ({ [name]: [] }))

/** Describes the routes. The schemas of bodies are those that a client sends, of answers those that it gets. */
export function buildOpenApi(
  routes: readonly Route[],
  info: { readonly version: string },
): OpenApiDocument {
  const names = new SchemaNames()
  const paths: { [path: string]: { [method: string]: OpenApiOperation } } = {}
  for (const route of routes) {
    const methods = (paths[route.path] ??= {})
    methods[route.method.toLowerCase()] = operationOf(route, names)
  }
  const topics = [...new Set(routes.map(({ topic }) => topic))]
  const document: OpenApiDocument = {
    openapi: '3.1.1',
    info: {
      title: 'Berth management API',
      version: info.version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Every refusal is problem details (RFC 9457). Lists come in pages: give `next` of one page as `after` of the following. A name with slashes is one path parameter, its slashes as `%2F`.',
    },
    servers: [{ url: '/api/v1' }],
    tags: topics.map((name) => ({ name })),
    paths,
    components: { schemas: {}, securitySchemes },
    security: everySecurity,
  }
  return names.apply(document)
}

function operationOf(route: Route, names: SchemaNames): OpenApiOperation {
  const body = route.body === undefined ? undefined : schemaOf(route.body, 'input', names)
  return {
    operationId: route.id,
    tags: [route.topic],
    summary: route.summary,
    ...(route.description !== undefined && { description: route.description }),
    parameters: [
      ...parametersOf('path', route.params, names),
      ...parametersOf('query', route.query, names),
      ...headerParametersOf(route),
    ],
    ...(body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: body } } },
    }),
    ...(route.receives !== undefined && {
      requestBody: {
        required: true,
        content: Object.fromEntries(route.receives.map((type) => [type, {}])),
      },
    }),
    responses: responsesOf(route, names),
    ...(route.open === true && { security: [{}, ...everySecurity] }),
  }
}

function parametersOf(
  place: 'path' | 'query',
  fields: z.ZodObject,
  names: SchemaNames,
): OpenApiParameter[] {
  const { properties = {}, required = [] } = schemaOf(fields, 'input', names) as {
    properties?: { [name: string]: JsonObject }
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(typeof description === 'string' && { description }),
    schema,
  }))
}

/** Whether it changes a thing that exists already, and has versions. */
export function takesIfMatch({ versioned, method, status }: Route): boolean {
  return versioned && method !== 'GET' && status !== 201
}

function headerParametersOf(route: Route): OpenApiParameter[] {
  const parameters: OpenApiParameter[] = []
  const add = (name: string, description: string, schema: JsonObject) =>
    parameters.push({ name, in: 'header', required: false, description, schema })
  if (route.versioned && route.method === 'GET') {
    add('If-None-Match', 'ETags that the client has; with the present one the answer is 304.', {
      type: 'string',
      maxLength: 1000,
    })
  }
  if (takesIfMatch(route)) {
    add('If-Match', 'The ETag that was read: changes only what nobody changed since.', {
      type: 'string',
      pattern: '^(?:\\*|"(?:0|[1-9][0-9]{0,14})")$',
    })
  }
  if (route.method === 'POST' && route.open !== true) {
    add(
      'Idempotency-Key',
      'Makes the request safe to repeat: within 24 hours the same key gets the first answer again.',
      { type: 'string', pattern: '^[!-~]{1,200}$' },
    )
  }
  return parameters
}

function responsesOf(route: Route, names: SchemaNames): { [status: string]: OpenApiResponse } {
  const headers: JsonObject = {}
  if (route.versioned && route.status !== 204) {
    headers['ETag'] = { description: 'The version.', required: true, schema: { type: 'string' } }
  }
  if (route.status === 201 || route.status === 303) {
    headers['Location'] = {
      description: route.status === 201 ? 'Where the new thing is.' : 'Where to go on.',
      schema: { type: 'string' },
    }
  }
  const content = contentOf(route, names)
  const responses: { [status: string]: OpenApiResponse } = {
    [route.status]: {
      description: route.summary,
      ...(Object.keys(headers).length > 0 && { headers }),
      ...(content !== undefined && { content }),
    },
  }
  if (route.versioned && route.method === 'GET') {
    responses['304'] = { description: 'The client has this version already.' }
  }
  for (const [status, kinds] of problemsByStatus(route)) {
    responses[status] = {
      description: kinds.map((kind) => `\`${kind}\`: ${problemTexts[kind].title}.`).join(' '),
      content: { [problemMediaType]: { schema: schemaOf(problemSchema, 'output', names) } },
    }
  }
  return responses
}

function contentOf(route: Route, names: SchemaNames): MediaTypes | undefined {
  if (route.streams !== undefined) {
    return Object.fromEntries(route.streams.map((type) => [type, {}]))
  }
  if (route.answer === undefined) return undefined
  return { 'application/json': { schema: schemaOf(route.answer, 'output', names) } }
}

function problemsByStatus(route: Route): Map<number, ProblemKind[]> {
  const kinds = new Set<ProblemKind>([...commonProblems, ...route.problems])
  if (/\{(?:project|repository)\}/.test(route.path)) kinds.add('notFound')
  if (takesIfMatch(route)) kinds.add('versionMismatch')
  if (route.method === 'POST' && route.open !== true) kinds.add('conflict')
  const byStatus = new Map<number, ProblemKind[]>()
  for (const kind of kinds) {
    const { status } = problemTexts[kind]
    byStatus.set(status, [...(byStatus.get(status) ?? []), kind])
  }
  return new Map([...byStatus].sort(([a], [b]) => a - b))
}

/** The JSON Schema, complete in itself; parts with an id of their own are remembered by it. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', names: SchemaNames): JsonObject {
  return names.once(schema, io, () => makeSchema(schema, io, names))
}

function makeSchema(schema: z.ZodType, io: 'input' | 'output', names: SchemaNames): JsonObject {
  const { $schema: _, $defs, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  const parts: { [name: string]: unknown } = { ...$defs }
  const whole = withoutReferences(rest, parts) as JsonObject
  for (const [name, part] of Object.entries(parts)) {
    // Parts that zod made up itself have no name worth keeping.
    if (!name.startsWith('__')) names.prefer(name, withoutReferences(part, parts) as JsonObject)
  }
  return whole
}

/** Puts the parts where they are referred to. Inside of itself a part is anything: only JSON as such nests like that. */
function withoutReferences(
  value: unknown,
  parts: { readonly [name: string]: unknown },
  within: readonly string[] = [],
): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutReferences(item, parts, within))
  if (typeof value !== 'object' || value === null) return value
  const { $ref, ...rest } = value as JsonObject
  const own = Object.fromEntries(
    Object.entries(rest).map(([key, member]) => [key, withoutReferences(member, parts, within)]),
  )
  if (typeof $ref !== 'string') return own
  const name = $ref.replace('#/$defs/', '')
  if (within.includes(name)) return own
  const part = withoutReferences(parts[name], parts, [...within, name])
  return { ...(part as JsonObject), ...own }
}
