import { describe, expect, it } from 'vitest'
import { checkAnswer } from './check-answer.ts'
import type { Operation } from './operation.ts'

const named = {
  type: 'object',
  properties: { name: { type: 'string', minLength: 3 } },
  required: ['name'],
  additionalProperties: false,
}
const operation: Operation = {
  method: 'POST',
  path: '/things',
  operationId: 'createThing',
  tags: ['Things'],
  summary: 'Make it.',
  parameters: [],
  requestBody: { required: true, content: { 'application/json': { schema: named } } },
  responses: {
    201: {
      description: 'made',
      headers: { ETag: { required: true }, Location: {} },
      content: { 'application/json': { schema: named } },
    },
    204: { description: 'nothing' },
    429: { description: 'wait', content: { 'application/problem+json': {} } },
  },
}
const request = {
  method: 'POST',
  target: '/things',
  headers: {},
  parameters: {},
  body: '{"name":"abc"}',
}
const good = {
  status: 201,
  headers: {
    'x-request-id': '1',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'content-type': 'application/json',
    etag: '"1"',
  },
  body: '{"name":"abc"}',
}
const faultsOf = (
  answer: Partial<typeof good>,
  { body = request.body, isAnonymous = false, headers = {} } = {},
) =>
  checkAnswer(
    operation,
    { ...request, body },
    { ...good, ...answer, headers: { ...good.headers, ...headers } },
    {},
    isAnonymous,
  )

describe('the check of an answer', () => {
  it('finds nothing wrong with one that is as described', () => {
    expect(faultsOf({})).toEqual([])
  })

  it('finds what is not as described', () => {
    expect(faultsOf({ status: 500 })).toEqual(['the status is 500'])
    expect(faultsOf({ status: 418 })).toEqual(['the status 418 is not described'])
    expect(faultsOf({ body: '{"name":"abc","hash":"x"}' })).toEqual(['$.hash is not described'])
    expect(faultsOf({ body: '{"name":' })).toEqual(['its body is not JSON'])
    expect(faultsOf({ status: 204 })).toEqual(['it has a body'])
    expect(faultsOf({}, { headers: { 'content-type': 'text/html' } })).toEqual([
      'its media type text/html is not described',
    ])
    expect(faultsOf({}, { headers: { etag: undefined } })).toHaveLength(1)
    expect(faultsOf({}, { headers: { 'cache-control': 'public' } })).toHaveLength(1)
  })

  it('finds what should have been refused', () => {
    expect(faultsOf({}, { isAnonymous: true })).toHaveLength(1)
    expect(faultsOf({}, { body: '{"name":"ab"}' })).toHaveLength(1)
  })

  it('wants to be told when to try again', () => {
    const problem = { 'content-type': 'application/problem+json' }
    expect(faultsOf({ status: 429, body: '{}' }, { headers: problem })).toHaveLength(1)
    const told = { ...problem, 'retry-after': '3' }
    expect(faultsOf({ status: 429, body: '{}' }, { headers: told })).toEqual([])
  })
})
