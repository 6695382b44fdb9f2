import { registryHost } from '../api/address.ts'
import { pullText as text } from '../text/pull.ts'
import { artifactKind } from './artifact-kind.ts'

/** A line for a terminal, with the tool it is for. */
export type PullLine = { readonly label: string; readonly command: string }

/** What is pulled. */
export type Pulled = {
  readonly repository: string
  /** A tag or a digest. */
  readonly reference: string
  readonly kind: 'image' | 'index' | 'artifact' | 'unknown'
  readonly artifactType: string | null
}

/** Clients are told when they have to do without TLS. */
export const isPlainHttp = globalThis.location.protocol === 'http:'

export function isChart({ artifactType }: { readonly artifactType: string | null }): boolean {
  return artifactKind(artifactType) === 'chart'
}

/** What has to be done once before one pulls what is not public. */
export function signInLine(pulled: Pulled): PullLine {
  const command = isChart(pulled)
    ? `helm registry login ${registryHost}${plain('--plain-http')}`
    : isImage(pulled)
      ? `docker login ${registryHost}`
      : `oras login ${registryHost}${plain('--plain-http')}`
  return { label: text.signIn, command }
}

/** The line that most people want. */
export function firstPullLine(pulled: Pulled): PullLine | undefined {
  return pullLines(pulled)[0]
}

/** Lines that pull it, ready to be copied: of clients of images, of Helm for a chart, of ORAS for other artifacts. */
export function pullLines(pulled: Pulled): readonly PullLine[] {
  if (isChart(pulled)) return chartLines(pulled)
  return isImage(pulled) ? imageLines(pulled) : orasLines(pulled)
}

function isImage({ kind }: Pulled): boolean {
  return kind === 'image' || kind === 'index'
}

function addressOf({ repository, reference }: Pulled): string {
  return `${registryHost}/${repository}${reference.includes(':') ? '@' : ':'}${reference}`
}

/** The option of a client for plain HTTP, with a space before it. */
function plain(option: string): string {
  return isPlainHttp ? ` ${option}` : ''
}

function imageLines(pulled: Pulled): PullLine[] {
  const address = addressOf(pulled)
  const name = pulled.repository.split('/').at(-1) ?? pulled.repository
  return [
    { label: text.docker, command: `docker pull ${address}` },
    { label: text.podman, command: `podman pull${plain('--tls-verify=false')} ${address}` },
    {
      label: text.containerd,
      command: `ctr images pull${plain('--plain-http')} --user <name> ${address}`,
    },
    { label: text.nerdctl, command: `nerdctl pull${plain('--insecure-registry')} ${address}` },
    {
      label: text.skopeo,
      command: `skopeo copy${plain('--src-tls-verify=false')} docker://${address} oci-archive:${name}.tar`,
    },
    {
      label: text.kubernetesSecret,
      command: `kubectl create secret docker-registry berth --docker-server=${registryHost} --docker-username=<name> --docker-password=<key>`,
    },
    { label: text.kubernetes, command: pod(address, nameInCluster(name)) },
  ]
}

function pod(address: string, name: string): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
spec:
  imagePullSecrets:
    - name: berth
  containers:
    - name: ${name}
      image: ${address}`
}

/** Clusters allow fewer characters in names than registries. */
function nameInCluster(name: string): string {
  return name.replaceAll(/[^a-z0-9-]+/g, '-').slice(0, 63)
}

function chartLines(pulled: Pulled): PullLine[] {
  const { repository, reference } = pulled
  if (reference.includes(':')) return orasLines(pulled)
  // A tag cannot hold the plus sign of a version, so Helm writes another one.
  const version = reference.replaceAll('_', '+')
  const chart = `oci://${registryHost}/${repository} --version ${version}${plain('--plain-http')}`
  const release = nameInCluster(repository.split('/').at(-1) ?? repository)
  return [
    { label: text.helm, command: `helm pull ${chart}` },
    { label: text.helmInstall, command: `helm install ${release} ${chart}` },
    ...orasLines(pulled),
  ]
}

function orasLines(pulled: Pulled): PullLine[] {
  return [{ label: text.oras, command: `oras pull ${addressOf(pulled)}${plain('--plain-http')}` }]
}
