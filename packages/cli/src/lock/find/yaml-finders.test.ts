import { expect, test } from 'vitest'
import { parseDigest } from '@berth/oci/digest.ts'
import { lockKey } from '../lock-file.ts'
import { findInBuildFile } from './build-file.ts'
import { findInCompose } from './compose.ts'
import { type Finding, imageOf } from './found-reference.ts'
import { findInChart } from './helm-chart.ts'
import { findInHelmValues } from './helm-values.ts'
import { findInKubernetes } from './kubernetes.ts'
import { findInKustomization } from './kustomization.ts'
import { pinText } from './pin-site.ts'
import { findInTemplate } from './template.ts'

const D = parseDigest(`sha256:${'d'.repeat(64)}`)

/** `line image` of each reference, with `!` before what cannot be written, and the reason where there is no image. */
function found({ references, faults }: Finding): string[] {
  expect(faults).toEqual([])
  return references.map((each) => {
    const image = imageOf(each)
    const { state } = each.standing
    if (image === undefined) {
      return `${each.line} ${state}: ${'reason' in each.standing ? each.standing.reason : ''}`
    }
    return `${each.line} ${state === 'fixed' ? '!' : ''}${lockKey(image)}`
  })
}

/** The text with every reference pinned, and that text with the digests taken off again. */
function pinned(text: string, find: (text: string) => Finding): string {
  const write = (from: string, pins: boolean) => {
    const sites = find(from).references.flatMap(({ standing }) =>
      standing.state === 'writable' ? [standing.site] : [],
    )
    return sites
      .sort((a, b) => b.start - a.start)
      .reduce(
        (made, site) =>
          made.slice(0, site.start) +
          (pins ? pinText(site, D) : (site.unpinned ?? made.slice(site.start, site.end))) +
          made.slice(site.end),
        from,
      )
  }
  const there = write(text, true)
  expect(write(there, true)).toBe(there)
  expect(write(there, false)).toBe(text)
  return there
}

test('Compose: anchors, merge keys, aliases, defaults, .env, builds, models and mounts', () => {
  const text = `x-base: &base
  image: "nginx:1.25" # the web server
  environment: {image: not:this}
x-name: &redis redis:7
services:
  web: {<<: *base, ports: ["80:80"]}
  web2:
    <<: [*base]
  cache:
    image: *redis
  db:
    image: postgres:\${PG:-16}
  whole:
    image: \${IMAGE:-ghcr.io/acme/api:1}
  env:
    image: 'alpine:\${FROM_ENV}'
  unset:
    image: alpine:\${UNSET}
  middle:
    image: alpine:\${V:-3}-slim
  made:
    build: ./made
    image: acme/made:1
  context:
    build:
      context: .
      additional_contexts:
        base: docker-image://debian:12
        other: ./folder
    volumes:
      - {type: image, source: acme/data:2, target: /data}
      - type: bind
        source: image:3
  text:
    command: |
      image: busybox:1
    image: >-
      folded:1
models:
  llm: {model: ai/smollm2}
`
  const variables = new Map([['FROM_ENV', '3.20']])
  expect(found(findInCompose(text, variables))).toEqual([
    '2 docker.io/library/nginx:1.25',
    '4 docker.io/library/redis:7',
    '12 docker.io/library/postgres:16',
    '14 ghcr.io/acme/api:1',
    '16 !docker.io/library/alpine:3.20',
    '18 unresolved: UNSET has no value in the files',
    '20 !docker.io/library/alpine:3-slim',
    '23 built: the service is built from the files here',
    '28 docker.io/library/debian:12',
    '31 docker.io/acme/data:2',
    '37 !docker.io/library/folded:1',
    '40 docker.io/ai/smollm2:latest',
  ])
  const after = pinned(text, findInCompose)
  expect(after).toContain(`image: "nginx:1.25@${D}" # the web server`)
  expect(after).toContain(`image: postgres:\${PG:-16@${D}}`)
  expect(after).toContain(`image: \${IMAGE:-ghcr.io/acme/api:1@${D}}`)
  expect(after).toContain(`docker-image://debian:12@${D}`)
  expect(after).toContain('{image: not:this}')
})

test('Kubernetes: pod specs wherever they are, lists, image volumes, custom resources', () => {
  const text = `\uFEFF# images: none:1\r
apiVersion: apps/v1\r
kind: Deployment\r
spec:\r
  template:\r
    spec:\r
      initContainers:\r
      - image: 'busybox:1.36' # wait\r
        name: wait\r
      containers:\r
      - name: api\r
        image: ghcr.io/acme/api@sha256:${'b'.repeat(64)}\r
        args: ["image: not:1"]\r
      volumes:\r
      - name: model\r
        image: {reference: acme/model:1, pullPolicy: IfNotPresent}\r
---\r
apiVersion: v1
kind: ConfigMap
data:
  pod.yaml: |
    apiVersion: v1
    kind: Pod
    spec: {containers: [{image: "not:2"}]}
  image: not:3
---
kind: List
apiVersion: v1
items:
- apiVersion: batch/v1
  kind: CronJob
  metadata: {annotations: {image: not:4}}
  spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: perl:5.40}]}}}}}
- {"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "spec": {"image": "quay.io/prometheus/prometheus:v3.0.0"}}
- apiVersion: postgresql.cnpg.io/v1
  kind: Cluster
  spec:
    imageName: ghcr.io/cloudnative-pg/postgresql:17
    image: word
- apiVersion: apiextensions.k8s.io/v1
  kind: CustomResourceDefinition
  spec: {default: {containers: [{image: not:5}]}}
- apiVersion: argoproj.io/v1alpha1
  kind: Workflow
  spec:
    templates:
    - container: {image: "{{inputs.image}}:1"}
`
  expect(found(findInKubernetes(text))).toEqual([
    '8 docker.io/library/busybox:1.36',
    `12 ghcr.io/acme/api@sha256:${'b'.repeat(64)}`,
    '16 docker.io/acme/model:1',
    '33 docker.io/library/perl:5.40',
    '34 quay.io/prometheus/prometheus:v3.0.0',
    '38 ghcr.io/cloudnative-pg/postgresql:17',
    '47 unresolved: a part of it is filled in later',
  ])
  const bare = text.replace(`@sha256:${'b'.repeat(64)}`, ':1')
  const after = pinned(bare, findInKubernetes)
  expect(after).toContain(`- image: 'busybox:1.36@${D}' # wait\r\n`)
  expect(after.replaceAll(`@${D}`, '')).toBe(bare)
  const broken = findInKubernetes('apiVersion: v1\nkind: Pod\n  spec: [\n')
  expect(broken.references).toEqual([])
  expect(broken.faults[0]?.line).toBeGreaterThan(0)
})

test('kustomization: the digest gets a line of its own, in the style of the file', () => {
  const text = `images:
  # the api
  - name: api
    newName: ghcr.io/acme/api
    newTag: "1.4" # set by the release
  - {name: web, newTag: 'v2'}
  - newTag: '3'
    name: nginx
  - name: quoted
    newTag: '1'
    digest: ''
  - name: onlyName
  - name: number
    newTag: 1.10
  - name: empty
    newTag: '1'
    digest:
  - name: last
    newTag: v9`
  expect(found(findInKustomization(text))).toEqual([
    '5 ghcr.io/acme/api:1.4',
    '6 docker.io/library/web:v2',
    '7 docker.io/library/nginx:3',
    '10 docker.io/library/quoted:1',
    '12 unresolved: it sets no tag: that is in the resources',
    '14 unresolved: newTag 1.10 is no text for kustomize: put it in quotes',
    '16 !docker.io/library/empty:1',
    '19 docker.io/library/last:v9',
  ])
  expect(pinned(text, findInKustomization)).toBe(`images:
  # the api
  - name: api
    newName: ghcr.io/acme/api
    newTag: "1.4" # set by the release
    digest: ${D}
  - {name: web, newTag: 'v2', digest: ${D}}
  - newTag: '3'
    digest: ${D}
    name: nginx
  - name: quoted
    newTag: '1'
    digest: '${D}'
  - name: onlyName
  - name: number
    newTag: 1.10
  - name: empty
    newTag: '1'
    digest:
  - name: last
    newTag: v9
    digest: ${D}`)
  const crlf = text.replaceAll('\n', '\r\n')
  expect(pinned(crlf, findInKustomization).replaceAll('\r\n', '')).not.toContain('\n')
})

test('Helm values: registry, repository, tag and digest in their usual shapes', () => {
  const text = `image:
  registry: quay.io
  repository: acme/api
  tag: "1.4" # the api
  digest: ""
sidecar:
  image: {repository: envoyproxy/envoy, tag: v1.30, digest: }
nested:
  - deep:
      image:
        repository: ghcr.io/acme/deep
        tag: 1.25
        pullPolicy: IfNotPresent
      digestImage:
        repository: nginx
        tag: '1'
        digest:   # none yet
initImage: busybox:1.36
flat:
  image: redis
  imageTag: '7'
versioned:
  image: {repository: acme/chart}
chart:
  repository: https://charts.example
source: {repository: "git@example:acme/x", tag: v1}
number:
  image: {repository: acme/number, tag: 1.10}
date:
  image: {repository: acme/date, tag: 20240101}
templated:
  image: "{{ .Values.x }}:1"
extraContainers:
  - name: a
    image: "curl:8"
    script: |
      image: not:1
pinned:
  image: {repository: acme/pinned, digest: sha256:${'b'.repeat(64)}}
`
  const expected = (version: string, pinned: string) => [
    '4 quay.io/acme/api:1.4',
    '7 docker.io/envoyproxy/envoy:v1.30',
    '12 ghcr.io/acme/deep:1.25',
    '16 docker.io/library/nginx:1',
    '18 docker.io/library/busybox:1.36',
    '21 docker.io/library/redis:7',
    version,
    '26 unresolved: "git@example:acme/x:v1" is not an image: The digest "example:acme/x:v1" is not valid: the algorithm "example" is not supported; use sha256 or sha512.',
    '28 unresolved: the tag 1.10 is a number to Helm, which prints it differently: put it in quotes',
    '30 unresolved: the tag 20240101 is a number to Helm, which prints it differently: put it in quotes',
    '32 unresolved: a part of it is filled in later',
    '35 docker.io/library/curl:8',
    pinned,
  ]
  expect(found(findInHelmValues(text))).toEqual(
    expected(
      '23 unresolved: it has no tag here: the chart decides',
      `39 docker.io/acme/pinned@sha256:${'b'.repeat(64)}`,
    ),
  )
  expect(found(findInHelmValues(text, { appVersion: '2.0.0' }))).toEqual(
    expected('23 !docker.io/acme/chart:2.0.0', '39 docker.io/acme/pinned:2.0.0'),
  )
  const after = pinned(text.replace(/pinned:\n.*\n$/, ''), findInHelmValues)
  expect(after).toContain(`  tag: "1.4" # the api\n  digest: "${D}"\n`)
  expect(after).toContain(`tag: v1.30, digest: ${D} }`)
  expect(after).toContain(`        tag: 1.25@${D}\n`)
  expect(after).toContain(`        digest: ${D}   # none yet\n`)
  expect(after).toContain(`imageTag: '7@${D}'`)
})

test('charts: dependencies in registries are locked, and have no place for a digest', () => {
  const text = `apiVersion: v2
appVersion: "1.2"
dependencies:
  - name: redis
    version: 20.1.0+build
    repository: oci://ghcr.io/acme/charts/
  - {name: pg, version: ^16, repository: "oci://ghcr.io/acme/charts"}
  - {name: web, version: 1.0.0, repository: "https://charts.example"}
`
  expect(found(findInChart(text))).toEqual([
    '5 !ghcr.io/acme/charts/redis:20.1.0_build',
    '7 unresolved: the version ^16 is a range: Helm chooses',
  ])
})

test('templates: literal lines only, none in block scalars and comments', () => {
  const text = `{{- /* image: not:1 */ -}}
{{- if .Values.on }}
kind: Pod
spec:
  containers:
    - name: a
      image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
    - image: busybox:1.36 # literal
    - name: b
      image: 'ghcr.io/acme/b:2'
    {{- /*
      image: not:2
    */}}
  args: |
    image: not:3

    image: not:4
  other: {{ include "x" . | nindent 4 }}
  # image: not:5
---
{{- end }}
data:
  script: >- # folded
    image: not:6
image: last:7`
  expect(found(findInTemplate(text))).toEqual([
    '8 docker.io/library/busybox:1.36',
    '10 ghcr.io/acme/b:2',
    '25 docker.io/library/last:7',
  ])
  pinned(text, findInTemplate)
})

test('berth.yaml: arguments that name an image', () => {
  const text = `registry: ghcr.io
defaults: {args: {BASE_IMAGE: "python:3.12"}}
services:
  api:
    args:
      BASE: debian:12 # the base
      VERSION: 1:2
      IMAGE_SIZE: 12
      COMPILER_IMAGE: "\${BASES:-docker.io/library}/gcc:14"
      FROM: "\${PLACE}/gcc:14"
`
  expect(found(findInBuildFile(text))).toEqual([
    '2 docker.io/library/python:3.12',
    '6 docker.io/library/debian:12',
    '9 docker.io/library/gcc:14',
    '10 unresolved: PLACE has no value in the files',
  ])
  pinned(text, findInBuildFile)
})
