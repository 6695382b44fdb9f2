import {
  exportSbom,
  listAttachedSboms,
  listSbomPackages,
  publishSbom,
  sbomMediaTypes,
} from '@berth/api/sboms.ts'
import { parseDigest } from '@berth/oci/digest.ts'
import { parseReference, parseRepositoryName } from '@berth/oci/reference.ts'
import { Readable } from 'node:stream'
import { pageOf } from '../../scan/image-packages.ts'
import { writePermit } from '../write-permit.ts'
import { type Binding, bind } from './call.ts'

const pulling = { on: 'repository', action: 'pull' } as const
const pushing = { on: 'repository', action: 'push' } as const
const endings = { spdx: 'spdx.json', cyclonedx: 'cdx.json' } as const

/** Bills of materials of images. */
export const sbomRoutes: readonly Binding[] = [
  bind(exportSbom, pulling, async ({ reports }, { params, query }) => {
    const { format, platform } = query
    const { text } = await reports.writeSbom(
      parseRepositoryName(params.repository),
      parseReference(params.reference),
      { format, platform },
    )
    const fileName = `${params.repository}-${params.reference}.${endings[format]}`
    const mediaType = sbomMediaTypes[format]
    return { body: undefined, stream: { mediaType, content: Readable.from([text]), fileName } }
  }),
  bind(publishSbom, pushing, async ({ sboms }, { params, query, body, caller, context }) => {
    const { repository } = params
    const published = await sboms.publish({
      repository: parseRepositoryName(repository),
      reference: parseReference(params.reference),
      platform: query.platform,
      format: body.format,
      permit: writePermit(caller, context.requestId),
    })
    const location = `/repositories/${encodeURIComponent(repository)}/manifests/${published.digest}`
    return { body: published, location }
  }),
  bind(listAttachedSboms, pulling, async ({ sboms }, { params }) => ({
    body: {
      items: await sboms.attached(
        parseRepositoryName(params.repository),
        parseReference(params.reference),
      ),
    },
  })),
  bind(listSbomPackages, pulling, async ({ sboms }, { params, query }) => {
    const packages = await sboms.packages(
      parseRepositoryName(params.repository),
      parseDigest(params.digest),
    )
    const { items, next } = pageOf(packages, query)
    return {
      body: {
        items: items.map(({ kind, name, version, purl, licenses }) => ({
          kind,
          name,
          version,
          purl,
          licenses: [...licenses],
        })),
        next,
      },
    }
  }),
]
