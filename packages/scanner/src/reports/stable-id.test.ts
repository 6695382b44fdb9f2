import { expect, test } from 'vitest'
import { uuidOf } from './stable-id.ts'

test('uuidOf is version 5 in the namespace of addresses', () => {
  // Python: uuid.uuid5(uuid.NAMESPACE_URL, 'https://example.org/')
  expect(uuidOf('https://example.org/')).toBe('527dda32-a0de-5105-a042-cb475b5f7d11')
})
