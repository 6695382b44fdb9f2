import fc from 'fast-check'
import { expect, test } from 'vitest'
import { imageOf } from './found-reference.ts'
import { findInDockerfile } from './dockerfile.ts'
import { lockKey } from '../lock-file.ts'
import { pinText } from './pin-site.ts'

const digest = `sha256:${'a'.repeat(64)}`

/** What each reference is and what pinning makes of the text, one at a time. */
function told(text: string) {
  return findInDockerfile(text).references.map((each) => {
    expect(text.slice(each.start, each.end)).toBe(each.text)
    const image = imageOf(each)
    const { standing } = each
    return [
      each.kind,
      `${each.line}:${each.column}`,
      image === undefined ? undefined : lockKey(image),
      standing.state === 'writable'
        ? text.slice(0, standing.site.start) +
          pinText(standing.site, digest as never) +
          text.slice(standing.site.end)
        : standing.reason,
    ]
  })
}

test.each([
  ['FROM alpine:3.20', 'from', 'docker.io/library/alpine:3.20', `FROM alpine:3.20@${digest}`],
  ['FROM alpine', 'from', 'docker.io/library/alpine:latest', `FROM alpine@${digest}`],
  [
    '\uFEFFFROM --platform=$BUILDPLATFORM \\\r\n  # why\r\n  localhost:5000/a/b:1 \\\r\n AS x\r\n',
    'from',
    'localhost:5000/a/b:1',
    `\uFEFFFROM --platform=$BUILDPLATFORM \\\r\n  # why\r\n  localhost:5000/a/b:1@${digest} \\\r\n AS x\r\n`,
  ],
  [
    'FROM "alpine:3" AS "x"',
    'from',
    'docker.io/library/alpine:3',
    `FROM "alpine:3@${digest}" AS "x"`,
  ],
  [
    `FROM alpine:3@sha256:${'b'.repeat(64)} AS x`,
    'from',
    'docker.io/library/alpine:3',
    `FROM alpine:3@${digest} AS x`,
  ],
  [
    'ARG R=ghcr.io T=1\nFROM ${R}/a/b:${T}\nFROM ${R}/c:2',
    'from',
    'ghcr.io/a/b:1',
    `ARG R=ghcr.io T=1@${digest}\nFROM \${R}/a/b:\${T}\nFROM \${R}/c:2`,
  ],
  [
    'ARG TAG="3.20"\nFROM alpine:${TAG}\nRUN x',
    'from',
    'docker.io/library/alpine:3.20',
    `ARG TAG="3.20@${digest}"\nFROM alpine:\${TAG}\nRUN x`,
  ],
  [
    'ARG V=3\nARG BASE=python:${V}.12\nFROM $BASE',
    'from',
    'docker.io/library/python:3.12',
    'V decides on more than the registry, and a digest would outweigh it',
  ],
  [
    'ARG R=ghcr.io\nFROM ${R}/a/b:${T:-1}',
    'from',
    'ghcr.io/a/b:1',
    `ARG R=ghcr.io\nFROM \${R}/a/b:\${T:-1@${digest}}`,
  ],
  [
    'ARG V=20\nFROM node:${V}-slim',
    'from',
    'docker.io/library/node:20-slim',
    'V decides on more than the registry, and a digest would outweigh it',
  ],
  [
    'ARG V=20\nFROM node:${V}\nARG V\nRUN echo $V',
    'from',
    'docker.io/library/node:20',
    'a stage reads V as well, and would get the digest with it',
  ],
  ['FROM base-${TARGETARCH}', 'from', undefined, 'TARGETARCH has no value in the files'],
  ['ARG X\nFROM ${X}', 'from', undefined, 'X has no value in the files'],
  ['FROM Alpine:3', 'from', undefined, undefined],
])('%j', (text, kind, key, pinned) => {
  const [first] = told(text)
  expect(first?.[0]).toBe(kind)
  expect(first?.[2]).toBe(key)
  if (pinned !== undefined) expect(first?.[3]).toBe(pinned)
})

test('stages, scratch, stage numbers and heredocs name no image; flags and the syntax do', () => {
  const text = `# syntax=docker/dockerfile:1
# escape=\\
FROM scratch AS empty
FROM golang:1.24 AS Build
RUN --mount=type=bind,from=busybox:1.36,target=/x --mount=from=build,target=/y <<EOT
FROM nothere:1
COPY --from=neither:1 a b
EOT
COPY --from=BUILD /a /b
COPY --from=0 /a /b
COPY --chown=1 --from=nginx:1.25 <<"X" /b
FROM nothere:2
X
ONBUILD COPY --from=redis:7 a b
# FROM nothere:3
FROM build
RUN --mount=from=$X,target=/ echo "FROM nothere:4"
COPY --from=later a b
FROM debian:12 AS later
`
  expect(told(text).map(([kind, at, key]) => [kind, at, key])).toEqual([
    ['syntax', '1:10', 'docker.io/docker/dockerfile:1'],
    ['from', '4:6', 'docker.io/library/golang:1.24'],
    ['mountFrom', '5:28', 'docker.io/library/busybox:1.36'],
    ['copyFrom', '11:23', 'docker.io/library/nginx:1.25'],
    ['copyFrom', '14:21', 'docker.io/library/redis:7'],
    ['mountFrom', '17:18', undefined],
    ['from', '19:6', 'docker.io/library/debian:12'],
  ])
})

test('one ARG for two images stays as it is; for the same image twice it is pinned once', () => {
  const two = told('ARG V=20\nFROM node:${V}\nFROM deno:${V}')
  expect(two.map((each) => each[3])).toEqual([
    'V is a part of several images',
    'V is a part of several images',
  ])
  const same = told('ARG B=node:20\nFROM $B AS a\nFROM $B AS b')
  expect(new Set(same.map((each) => each[3])).size).toBe(1)
})

test('whatever the text is, what is found lies in it', () => {
  const pieces = fc.constantFrom(
    'FROM ',
    'alpine:3',
    '${A:-b}',
    '$',
    '\\\n',
    '\r\n',
    '\n',
    '"',
    "'",
    '# ',
    'ARG A=1',
    '<<E',
    'COPY --from=',
    'RUN --mount=from=',
    ',',
    '=',
    ' AS x',
    'E',
    '@sha256:',
    '{',
    '}',
    '\uFEFF',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      told(parts.join(''))
    }),
    { numRuns: 500 },
  )
})
