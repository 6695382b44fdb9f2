import {
  deleteManifest,
  listManifests,
  readManifest,
  readManifestContent,
} from '@berth/api/manifests.ts'
import { parseReference, parseRepositoryName } from '@berth/oci/reference.ts'
import { Readable } from 'node:stream'
import { type Binding, bind } from './call.ts'
import { writePermit } from '../write-permit.ts'

const pulling = { on: 'repository', action: 'pull' } as const

/** The manifests of a repository, parsed. */
export const manifestRoutes: readonly Binding[] = [
  bind(listManifests, pulling, async ({ manifests }, { params, query }) => {
    const { after, limit } = query
    const repository = parseRepositoryName(params.repository)
    return { body: await manifests.listManifests(repository, { after, limit }) }
  }),
  bind(readManifest, pulling, async ({ manifests }, { params }) => ({
    body: await manifests.getManifest(
      parseRepositoryName(params.repository),
      parseReference(params.reference),
    ),
  })),
  bind(readManifestContent, pulling, async ({ manifests, requestAudit }, call) => {
    const { repository: name, reference } = call.params
    const { part } = call.query
    const repository = parseRepositoryName(name)
    const { digest, bytes } = await manifests.readContent(
      repository,
      parseReference(reference),
      part,
    )
    requestAudit.pulled(call.exchange, call.caller, repository, digest)
    const fileName = `${name}-${reference}.${part}.json`
    const content = Readable.from([bytes])
    return { body: undefined, stream: { mediaType: 'application/json', content, fileName } }
  }),
  bind(deleteManifest, { on: 'repository', action: 'delete' }, async ({ manifests }, call) => {
    const { repository, digest } = call.params
    await manifests.deleteManifest(
      parseRepositoryName(repository),
      parseReference(digest),
      writePermit(call.caller, call.context.requestId),
    )
    return { body: undefined }
  }),
]
