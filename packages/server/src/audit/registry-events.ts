import type { AuditEvent } from '../metadata/audit-entries.ts'
import type { RegistryEvent } from '../registry/admission.ts'

const tagsNamed = 100

/**
 * What the audit log says of something that happened to a repository; `undefined` for what it is silent about: links of
 * blobs, and a manifest that was there already.
 */
export function auditEventOf(event: RegistryEvent, project: string): AuditEvent | undefined {
  const { name } = event.repository
  const repository = { targetKind: 'repository', target: name, project }
  switch (event.kind) {
    case 'repositoryCreated':
      return { action: 'repository.created', ...repository }
    case 'repositoryRemoved':
      return { action: 'repository.removed', ...repository }
    case 'manifestPushed': {
      if (!event.isNew) return undefined
      const { mediaType, size, digest } = event
      const after = { mediaType, size }
      return { action: 'manifest.pushed', ...manifestOf(name, digest, project), after }
    }
    case 'manifestDeleted': {
      const tags = event.tags.slice(0, tagsNamed)
      const more = event.tags.length - tags.length
      const before = { size: event.size, tags, ...(more > 0 && { moreTags: more }) }
      return { action: 'manifest.deleted', ...manifestOf(name, event.digest, project), before }
    }
    case 'tagCreated':
      return { action: 'tag.created', ...tagOf(event, project) }
    case 'tagMoved':
      return { action: 'tag.moved', ...tagOf(event, project) }
    case 'tagDeleted':
      return { action: 'tag.deleted', ...tagOf(event, project) }
    case 'blobLinked':
    case 'blobUnlinked':
      return undefined
  }
}

function manifestOf(repository: string, digest: string, project: string) {
  return { targetKind: 'manifest', target: `${repository}@${digest}`, project }
}

type TagEvent = Extract<RegistryEvent, { kind: 'tagCreated' | 'tagMoved' | 'tagDeleted' }>

function tagOf({ repository, tag, before, after }: TagEvent, project: string) {
  return {
    targetKind: 'tag',
    target: `${repository.name}:${tag}`,
    project,
    ...(before !== undefined && { before: { digest: before } }),
    ...(after !== undefined && { after: { digest: after } }),
  }
}
