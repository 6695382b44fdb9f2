import type { FuzzAnswer } from './send.ts'
import type { FuzzRequest, Operation } from './operation.ts'
import { faultsOf, type Schemas } from './schema-check.ts'

/** What is wrong with an answer, by the description of its operation; nothing when it is as described. */
export function checkAnswer(
  operation: Operation,
  request: FuzzRequest,
  answer: FuzzAnswer,
  schemas: Schemas,
  isAnonymous: boolean,
): string[] {
  const { status, headers } = answer
  if (status === 500) return ['the status is 500']
  const described = operation.responses[String(status)]
  if (described === undefined) return [`the status ${status} is not described`]
  const faults: string[] = []
  if (headers['x-request-id'] === undefined) faults.push('there is no X-Request-Id')
  if (headers['x-content-type-options'] !== 'nosniff') faults.push('browsers may guess its type')
  if (headers['cache-control'] !== 'no-store') faults.push('it may be kept on the way')
  if ((status === 429 || status === 503) && headers['retry-after'] === undefined) {
    faults.push('there is no Retry-After')
  }
  const isGood = status < 300 || status === 303
  if (isGood) {
    for (const [name, header] of Object.entries(described.headers ?? {})) {
      const isNeeded = typeof header === 'object' && header !== null && 'required' in header
      if (isNeeded && headers[name.toLowerCase()] === undefined)
        faults.push(`the header ${name} is described, but missing`)
    }
    if (isAnonymous && operation.security === undefined) {
      faults.push('it was done for a caller without credentials')
    }
    faults.push(...acceptedFaults(operation, request, schemas))
  }
  return [...faults, ...bodyFaults(described.content, answer, schemas)]
}

/** A body that breaks its schema must not be accepted. */
function acceptedFaults(operation: Operation, request: FuzzRequest, schemas: Schemas): string[] {
  const schema = operation.requestBody?.content['application/json']?.schema
  if (schema === undefined || request.body === undefined) return []
  const faults = faultsOf(JSON.parse(request.body), schema, schemas)
  return faults.length === 0 ? [] : [`it was accepted, though: ${faults.join('; ')}`]
}

function bodyFaults(
  content: Operation['responses'][string]['content'],
  { headers, body }: FuzzAnswer,
  schemas: Schemas,
): string[] {
  if (content === undefined) return body === '' ? [] : ['it has a body']
  const [mediaType = ''] = String(headers['content-type']).split(';')
  const described = content[mediaType]
  if (described === undefined) return [`its media type ${mediaType} is not described`]
  if (described.schema === undefined) return []
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return ['its body is not JSON']
  }
  return faultsOf(value, described.schema, schemas)
}
