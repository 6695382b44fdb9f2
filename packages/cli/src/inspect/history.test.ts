import type { Descriptor } from '@berth/oci/descriptor.ts'
import { parseDigest } from '@berth/oci/digest.ts'
import { expect, test } from 'vitest'
import { matchHistory } from './history.ts'
import { looksSecret, maskAssignments, readVariable } from './secrets.ts'

const layer = (at: number): Descriptor => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  digest: parseDigest(`sha256:${String(at).repeat(64)}`),
  size: at,
})
const step = (createdBy: string, isEmptyLayer = false) => ({
  createdBy,
  isEmptyLayer,
  created: undefined,
  comment: '',
})

test('layers meet the steps that made them, past those that made none', () => {
  const { steps, isComplete } = matchHistory(
    [layer(1), layer(2)],
    [
      step('/bin/sh -c #(nop) ADD file:abc in / '),
      step('/bin/sh -c #(nop)  CMD ["bash"]', true),
      step('ENV A=b', true),
      step('RUN /bin/sh -c apt-get update # buildkit'),
      step('ENTRYPOINT ["/x"]', true),
    ],
  )
  expect(isComplete).toBe(true)
  expect(steps.map(({ instruction, layer: of }) => [instruction, of?.size])).toEqual([
    ['ADD file:abc in /', 1],
    ['CMD ["bash"]', undefined],
    ['ENV A=b', undefined],
    ['RUN apt-get update', 2],
    ['ENTRYPOINT ["/x"]', undefined],
  ])
})

test('build arguments before a RUN are left out', () => {
  const { steps } = matchHistory(
    [layer(1)],
    [step('RUN |1 VERSION=1.2 /bin/sh -c make install # buildkit')],
  )
  expect(steps[0]?.instruction).toBe('RUN make install')
})

test('when the numbers differ nothing is guessed', () => {
  const { steps, isComplete } = matchHistory([layer(1), layer(2)], [step('COPY a b')])
  expect(isComplete).toBe(false)
  expect(steps.map(({ instruction, layer: of }) => [instruction, of?.size])).toEqual([
    ['', 1],
    ['', 2],
    ['COPY a b', undefined],
  ])
})

test.each([
  ['DB_PASSWORD', 'x', true],
  ['API_KEY', 'x', true],
  ['GITHUB_TOKEN', 'x', true],
  ['AWS_SECRET_ACCESS_KEY', 'x', true],
  ['DATABASE_URL', 'postgres://user:pass@db/x', true],
  ['PLAIN', `ghp_${'a'.repeat(36)}`, true],
  ['PATH', '/usr/bin', false],
  ['DB_PASSWORD', '', false],
  ['DB_PASSWORD_FILE', '/run/secrets/db', false],
  ['TOKENIZER', 'x', false],
  ['HOME_URL', 'https://example.com/', false],
])('%s=%s looks like a secret: %s', (name, value, expected) => {
  expect(looksSecret(name, value)).toBe(expected)
  expect(readVariable(`${name}=${value}`).isMasked).toBe(expected)
})

test('secrets inside an instruction are masked, the rest stays', () => {
  expect(maskAssignments('ENV TOKEN=abc LANG=C')).toBe('ENV TOKEN=******** LANG=C')
  expect(maskAssignments('ARG NPM_TOKEN="a b c"')).toBe('ARG NPM_TOKEN=********')
  expect(maskAssignments('RUN make')).toBe('RUN make')
})
