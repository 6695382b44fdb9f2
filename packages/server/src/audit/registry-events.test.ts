import { parseDigest } from '@berth/oci/digest.ts'
import { parseRepositoryName, parseTagName } from '@berth/oci/reference.ts'
import { describe, expect, it } from 'vitest'
import type { RegistryEvent } from '../registry/admission.ts'
import { auditEventOf } from './registry-events.ts'

const repository = { id: 1, name: parseRepositoryName('acme/app'), projectId: 2 }
const digest = parseDigest(`sha256:${'a'.repeat(64)}`)
const tag = parseTagName('v1')
const manifest = {
  repository,
  digest,
  mediaType: 'm',
  size: 7,
  annotations: undefined,
  artifactType: undefined,
  subject: undefined,
}

describe('auditEventOf', () => {
  it.each<[RegistryEvent, object | undefined]>([
    [
      { kind: 'repositoryCreated', repository },
      { action: 'repository.created', targetKind: 'repository', target: 'acme/app' },
    ],
    [
      { kind: 'repositoryRemoved', repository },
      { action: 'repository.removed', targetKind: 'repository', target: 'acme/app' },
    ],
    [
      { kind: 'manifestPushed', ...manifest, isNew: true },
      {
        action: 'manifest.pushed',
        targetKind: 'manifest',
        target: `acme/app@${digest}`,
        after: { mediaType: 'm', size: 7 },
      },
    ],
    [{ kind: 'manifestPushed', ...manifest, isNew: false }, undefined],
    [
      { kind: 'manifestDeleted', repository, digest, size: 7, tags: Array(130).fill('t') },
      {
        action: 'manifest.deleted',
        targetKind: 'manifest',
        target: `acme/app@${digest}`,
        before: { size: 7, tags: Array(100).fill('t'), moreTags: 30 },
      },
    ],
    [
      { kind: 'tagCreated', repository, tag, before: undefined, after: 'x' },
      { action: 'tag.created', targetKind: 'tag', target: 'acme/app:v1', after: { digest: 'x' } },
    ],
    [
      { kind: 'tagMoved', repository, tag, before: 'x', after: 'y' },
      {
        action: 'tag.moved',
        targetKind: 'tag',
        target: 'acme/app:v1',
        before: { digest: 'x' },
        after: { digest: 'y' },
      },
    ],
    [
      { kind: 'tagDeleted', repository, tag, before: 'x', after: undefined },
      { action: 'tag.deleted', targetKind: 'tag', target: 'acme/app:v1', before: { digest: 'x' } },
    ],
    [{ kind: 'blobLinked', repository, digest, size: 1 }, undefined],
    [{ kind: 'blobUnlinked', repository, digest, size: 1 }, undefined],
  ])('says of %j', (event, expected) => {
    expect(auditEventOf(event, 'acme')).toEqual(expected && { ...expected, project: 'acme' })
  })
})
