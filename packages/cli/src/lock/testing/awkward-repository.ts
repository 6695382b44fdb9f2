import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** A file of the repository, with `line image` for each reference that it holds, written down by hand. */
export type AwkwardFile = {
  readonly path: string
  readonly text: string
  readonly expected: readonly string[]
}

/** Images of `host/acme`, each with the tags 0 to 9. None named `not` is to be found. */
export const repositories = ['base', 'tool', 'side', 'web', 'job', 'model'] as const

/**
 * Fifty files of all kinds, as awkward as people write them. With `host/acme/<repository>:<0 to 9>` in them; `syntax`
 * and `chart` have a version of their own.
 */
export function awkwardFiles(host: string): readonly AwkwardFile[] {
  const numbers = Array.from({ length: 10 }, (_, at) => at)
  return [
    ...numbers.flatMap((n) => [
      dockerfile(host, n),
      compose(host, n),
      kubernetes(host, n),
      kustomization(host, n),
    ]),
    ...numbers.slice(0, 5).map((n) => values(host, n)),
    chart(host),
    chartTemplate(host),
    buildFile(host),
    argumentsFile(host),
    jsonManifest(host),
  ]
}

export async function writeFiles(folder: string, files: readonly AwkwardFile[]): Promise<void> {
  for (const { path, text } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

/** Every third file has the line ends of Windows, every fourth a byte order mark, every fifth no line end at the end. */
function dressed(text: string, n: number): string {
  const ends = n % 3 === 1 ? text.replaceAll('\n', '\r\n') : text
  const marked = n % 4 === 2 ? `\uFEFF${ends}` : ends
  return n % 5 === 3 ? marked.replace(/\r?\n$/, '') : marked
}

function dockerfile(host: string, n: number): AwkwardFile {
  const names = [
    'Dockerfile',
    'Dockerfile.gpu',
    'api.Dockerfile',
    'Containerfile',
    'build.dockerfile',
  ]
  const text = `# syntax=${host}/acme/syntax:1
# FROM ${host}/acme/not:1
ARG REGISTRY=${host}   TAG="${n}"
FROM --platform=$BUILDPLATFORM \\
    # between the lines
    ${host}/acme/base:${n}   AS Build
RUN   --mount=type=bind,from=${host}/acme/tool:${n},target=/t  <<EOT
FROM ${host}/acme/not:2
COPY --from=${host}/acme/not:3 a b
EOT
COPY --from=build /a /b
COPY --chown=1:1 --from=${host}/acme/side:${n} <<"X" /b
image: ${host}/acme/not:4
X
from \${REGISTRY}/acme/web:\${TAG}
CMD ["echo", "FROM ${host}/acme/not:5"]
FROM scratch
COPY --from=0 /a /b
`
  return {
    path: `services/s${n}/${names[n % names.length]}`,
    text: dressed(text, n),
    expected: [
      `1 ${host}/acme/syntax:1`,
      `6 ${host}/acme/base:${n}`,
      `7 ${host}/acme/tool:${n}`,
      `12 ${host}/acme/side:${n}`,
      `15 ${host}/acme/web:${n}`,
    ],
  }
}

function compose(host: string, n: number): AwkwardFile {
  const text = `# image: ${host}/acme/not:1
x-common: &common
  image: "${host}/acme/web:${n}"   # the web server, "quoted"
  environment: {image: "${host}/acme/not:2"}
services:
  web: {<<: *common,   ports: [ "80:80" ] }
  web2:
    <<: *common
  job:
      image:     '${host}/acme/job:${n}'
      command: |
        image: ${host}/acme/not:3
  side:
    image: ${host}/acme/side:\${SIDE:-${n}} # a default
  tool: { image: ${host}/acme/tool:${n}, command: >
      image: ${host}/acme/not:4 }
  made:
    build: .
    image: ${host}/acme/not:5
`.replace(/command: >\n\s+image: (.*) }/, 'command: "image: $1" }')
  const names = ['compose.yaml', 'docker-compose.yml', 'compose.override.yaml', 'stack.yml']
  return {
    path: `services/s${n}/${names[n % names.length]}`,
    text: dressed(text, n + 1),
    expected: [
      `3 ${host}/acme/web:${n}`,
      `10 ${host}/acme/job:${n}`,
      `14 ${host}/acme/side:${n}`,
      `15 ${host}/acme/tool:${n}`,
    ],
  }
}

function kubernetes(host: string, n: number): AwkwardFile {
  const text = `---
# The first document is empty.
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {image: "${host}/acme/not:1"}}
spec:
  template:
    spec:
      initContainers: [{name: wait, image: "${host}/acme/tool:${n}"}, {name: x, image: '${host}/acme/side:${n}' }]
      containers:
      -   image:   ${host}/acme/web:${n}    # the web server
          name: web
          args: [ "image: ${host}/acme/not:2" ]
      - name: side
        "image": &side ${host}/acme/base:${n}
      - name: again
        image: *side
      volumes:
      - name: weights
        image:
          reference: "${host}/acme/model:${n}"
---
apiVersion: v1
kind: ConfigMap
data:
  image: ${host}/acme/not:3
  job.yaml: |-
    apiVersion: batch/v1
    kind: Job
    spec: {template: {spec: {containers: [{image: "${host}/acme/not:4"}]}}}
---
apiVersion: batch/v1
kind: CronJob
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
            - name: job
              image: >-
                ${host}/acme/job:${n}
`
  return {
    path: `deploy/s${n}.yaml`,
    text: dressed(text, n + 2),
    expected: [
      `10 ${host}/acme/tool:${n}`,
      `10 ${host}/acme/side:${n}`,
      `12 ${host}/acme/web:${n}`,
      `16 ${host}/acme/base:${n}`,
      `22 ${host}/acme/model:${n}`,
      `42 ${host}/acme/job:${n}`,
    ],
  }
}

function kustomization(host: string, n: number): AwkwardFile {
  const text = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../s${n}.yaml]
configMapGenerator:
  - name: text
    literals: ["image=${host}/acme/not:1"]
images:   # what is set here
  - name: web
    newName: ${host}/acme/web
    newTag: "${n}"   # the release
  - {name: job, newName: ${host}/acme/job, newTag: '${n}'}
  - newTag: "${n}"
    name: ${host}/acme/side
`
  return {
    path: `deploy/overlay-${n}/kustomization.yaml`,
    text: dressed(text, n + 3),
    expected: [`10 ${host}/acme/web:${n}`, `11 ${host}/acme/job:${n}`, `12 ${host}/acme/side:${n}`],
  }
}

function values(host: string, n: number): AwkwardFile {
  const text = `# image: ${host}/acme/not:1
image:
  registry: "${host}"
  repository: acme/web
  tag: ${n === 4 ? '4' : `"${n}"`}   # the release
  digest: ""
sidecar:
  image: {repository: ${host}/acme/side, tag: '${n}', digest: , pullPolicy: Always}
jobs:
  - name: job
    image:
      repository: ${host}/acme/job
      tag: '${n}'
      digest:    # none yet
    script: |
      image: ${host}/acme/not:2
initImage: ${host}/acme/tool:${n}
extra:
  containers:
    - {name: x, image: "${host}/acme/base:${n}"}
`
  return {
    path: n === 0 ? 'chart/values.yaml' : `chart/values-${n}.yaml`,
    text: dressed(text, n),
    expected: [
      `5 ${host}/acme/web:${n}`,
      `8 ${host}/acme/side:${n}`,
      `13 ${host}/acme/job:${n}`,
      `17 ${host}/acme/tool:${n}`,
      `20 ${host}/acme/base:${n}`,
    ],
  }
}

function chart(host: string): AwkwardFile {
  return {
    path: 'chart/Chart.yaml',
    text: `apiVersion: v2
name: web
version: 1.0.0
dependencies:
  - name: chart
    version: 1.2.3   # exact
    repository: oci://${host}/acme
`,
    expected: [`6 ${host}/acme/chart:1.2.3`],
  }
}

function chartTemplate(host: string): AwkwardFile {
  return {
    path: 'chart/templates/web.yaml',
    text: `{{- /* image: ${host}/acme/not:1 */ -}}
{{- range .Values.jobs }}
apiVersion: v1
kind: Pod
spec:
  containers:
    - name: {{ .name }}
      image: "{{ .image.repository }}:{{ .image.tag }}{{ with .image.digest }}@{{ . }}{{ end }}"
    - name: literal
      image: '${host}/acme/tool:7'  # {{ "literal" }}
{{- if $.Values.text }}
    - args:
        - |
          image: ${host}/acme/not:2
{{- end }}
    - image: ${host}/acme/side:7
---
{{- end }}
`,
    expected: [`10 ${host}/acme/tool:7`, `16 ${host}/acme/side:7`],
  }
}

function buildFile(host: string): AwkwardFile {
  return {
    path: 'berth.yaml',
    text: `registry: ${host}
repository: acme
pairs:
  - [api-gpu, api-cpu]
services:
  api:
    args: {BASE_IMAGE: "${host}/acme/base:9", VERSION: "1:2"}
`,
    expected: [`7 ${host}/acme/base:9`],
  }
}

/** References that can be locked and have no place for a digest, beside one that has. */
function argumentsFile(host: string): AwkwardFile {
  return {
    path: 'tools/Dockerfile',
    text: `ARG V=3
ARG BASE=${host}/acme/base:8
FROM ${host}/acme/base:\${V} AS numbered
FROM ${host}/acme/tool:\${V}
FROM $BASE AS same
FROM $BASE AS again
`,
    expected: [
      `3 ${host}/acme/base:3`,
      `4 ${host}/acme/tool:3`,
      `5 ${host}/acme/base:8`,
      `6 ${host}/acme/base:8`,
    ],
  }
}

function jsonManifest(host: string): AwkwardFile {
  return {
    path: 'deploy/pod.json',
    text: `{
  "apiVersion": "v1", "kind": "Pod",
  "spec": {"containers": [ {"name": "a", "image" : "${host}/acme/job:6"} ]}
}`,
    expected: [`3 ${host}/acme/job:6`],
  }
}
