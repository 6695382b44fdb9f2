import { createHash } from 'node:crypto'
import type { Berth } from '../tools/berth.ts'

/** What an artifact is made of; blobs are texts. */
export type ArtifactSource = {
  readonly artifactType?: string
  readonly config: { readonly mediaType: string; readonly content: string }
  readonly layers: readonly {
    readonly mediaType: string
    readonly content: string
    readonly annotations?: Readonly<Record<string, string>>
  }[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** Pushes what is no image, such as a chart or a model, as its clients do. */
export async function pushArtifact(
  berth: Berth,
  repository: string,
  tag: string,
  { artifactType, config, layers, annotations }: ArtifactSource,
): Promise<void> {
  const basic = Buffer.from(`${berth.username}:${berth.password}`).toString('base64')
  const send = async (method: string, path: string, type: string, body: string) => {
    const headers = { authorization: `Basic ${basic}`, 'content-type': type }
    const answer = await fetch(`${berth.origin}/v2/${repository}${path}`, { method, headers, body })
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  }
  const push = async (mediaType: string, content: string) => {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
    const path = `/blobs/uploads/?digest=${digest}`
    await send('POST', path, 'application/octet-stream', content)
    return { mediaType, digest, size: Buffer.byteLength(content) }
  }
  const pushed = []
  for (const layer of layers) {
    const { annotations: said } = layer
    pushed.push({
      ...(await push(layer.mediaType, layer.content)),
      ...(said && { annotations: said }),
    })
  }
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = {
    schemaVersion: 2,
    mediaType,
    ...(artifactType !== undefined && { artifactType }),
    config: await push(config.mediaType, config.content),
    layers: pushed,
    ...(annotations && { annotations }),
  }
  await send('PUT', `/manifests/${tag}`, mediaType, JSON.stringify(manifest))
}
