import { expect, test } from 'vitest'
import { upgradesOf } from './overview.ts'

const found = (name: string, vulnerability: string, fixed: string, image = 'a', score = 50) => ({
  kind: 'deb',
  name,
  vulnerability,
  fixed_version: fixed,
  image_digest: image,
  score,
})

test('the least version that mends all findings of a package, what mends most first', () => {
  expect(
    upgradesOf([
      found('curl', 'CVE-1', '7.9-1', 'a', 98),
      found('openssl', 'CVE-2', '3.0.9-1'),
      found('openssl', 'CVE-3', '3.0.13-1', 'b'),
      // Not the greater text: 10 comes after 9.
      found('openssl', 'CVE-4', '3.0.10-1'),
    ]),
  ).toEqual([
    { package: 'deb:openssl', version: '3.0.13-1', findings: 3, images: 2, worstScore: 5 },
    { package: 'deb:curl', version: '7.9-1', findings: 1, images: 1, worstScore: 9.8 },
  ])
})

test('a version that cannot be read does not hide the others', () => {
  expect(upgradesOf([found('a', 'CVE-1', ''), found('a', 'CVE-2', '2-1')])[0]?.version).toBe('2-1')
})
