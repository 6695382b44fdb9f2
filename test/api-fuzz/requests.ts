import type { JsonObject, OpenApiParameter } from '@berth/api/openapi-document.ts'
import type { Random } from '../faults/random.ts'
import type { Known } from './known.ts'
import type { FuzzRequest, Operation } from './operation.ts'
import type { Values } from './values.ts'

/** A request on the operation: as described, or with something wrong in it. */
export function makeRequest(
  operation: Operation,
  values: Values,
  known: Known,
  random: Random,
): FuzzRequest {
  const isBroken = random.chance(0.35)
  const names = operation.parameters.filter(isInPath).map(({ name }) => name)
  const existing = random.chance(0.75) ? known.pathOf(names, random) : undefined
  const parameters: Record<string, string> = {}
  const query = new URLSearchParams()
  const headers: Record<string, string> = {}
  for (const { name, in: place, required, schema } of operation.parameters) {
    const isStrange = isBroken && random.chance(0.3)
    if (!required && !isStrange && random.chance(0.6)) continue
    const value = isStrange ? values.strangeText() : values.fitting(schema, name)
    if (place === 'path') parameters[name] = existing?.[name] ?? String(value)
    else if (place === 'query') {
      for (const item of Array.isArray(value) ? value : [value]) query.append(name, String(item))
    } else if (/^[\x20-\x7e]*$/.test(String(value))) headers[name] = String(value).trim()
  }
  if (isBroken && random.chance(0.2)) query.append(random.pick(['x', 'limit', 'sort']), 'zz')
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(parameters[name] ?? '').replaceAll('.', '%2E'),
  )
  const search = query.size === 0 ? '' : `?${query.toString()}`
  const body = bodyOf(operation, values, random, isBroken)
  if (body !== undefined) {
    headers['Content-Type'] = isBroken && random.chance(0.1) ? 'text/plain' : 'application/json'
  }
  return { method: operation.method, target: `${path}${search}`, headers, body, parameters }
}

function isInPath(parameter: OpenApiParameter): boolean {
  return parameter.in === 'path'
}

function bodyOf(
  operation: Operation,
  values: Values,
  random: Random,
  isBroken: boolean,
): string | undefined {
  const schema: JsonObject | undefined = operation.requestBody?.content['application/json']?.schema
  if (schema === undefined) {
    return isBroken && operation.method !== 'GET' && random.chance(0.1) ? '{}' : undefined
  }
  if (!isBroken) return JSON.stringify(values.fitting(schema, 'body'))
  if (random.chance(0.1)) return random.pick(['', '{', '[]', 'null', '{"a":1,"a":2}', '"\\ud800"'])
  return JSON.stringify(values.broken(schema, 'body'))
}
