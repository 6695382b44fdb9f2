import { expect, test } from 'vitest'
import { errorEnvelope } from './error-code.ts'

test('an envelope holds one error, and a detail only when there is one', () => {
  expect(JSON.stringify(errorEnvelope('BLOB_UNKNOWN', 'No such blob.'))).toBe(
    '{"errors":[{"code":"BLOB_UNKNOWN","message":"No such blob."}]}',
  )
  expect(errorEnvelope('DENIED', 'No.', { repository: 'a' }).errors).toEqual([
    { code: 'DENIED', message: 'No.', detail: { repository: 'a' } },
  ])
  expect(errorEnvelope('DENIED', 'No.', null).errors[0]).toHaveProperty('detail', null)
})
