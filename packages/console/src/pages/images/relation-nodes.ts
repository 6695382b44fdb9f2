import type { listReferrers } from '@berth/api/referrers.ts'
import type * as z from 'zod'
import { imageSecurityText } from '../../text/image-security.ts'
import { type ArtifactKind, artifactKind } from '../../ui/artifact-kind.ts'
import { platformName } from '../../ui/platform.ts'
import type { Manifest } from './image-context.ts'
import { isAttestation } from './platforms.ts'
import { predicateWords } from './predicates.ts'

const text = imageSecurityText.relations

export type Referrer = z.output<typeof listReferrers.answer>['items'][number]
type NodeKind = ArtifactKind
type Relation = keyof typeof text.relations

/** A manifest in the picture. All but one hang on another. */
export type RelationNode = {
  /** The same manifest can stand in it twice. */
  readonly key: string
  readonly digest: string
  readonly kind: NodeKind
  readonly detail: string
  readonly size: number
  readonly relation: Relation
  /** The key of the node that it hangs on; `undefined`: of the root. */
  readonly on: string | undefined
  /** Whether the node that it hangs on refers to this one; else this one refers to it. */
  readonly isMeant: boolean
}

const nodesMax = 200
const predicateAnnotation = 'dev.sigstore.bundle.predicateType'

/** Who signed, by the digest of the manifest that carries the signature; an empty text: it does not count. */
export type Signers = ReadonlyMap<string, string>

/**
 * What hangs together with a manifest: what it is about, the images of an index, and all that is about any of them. Beyond 200
 * nodes the rest is counted only.
 */
export function relationsOf(
  top: Manifest,
  referrers: ReadonlyMap<string, readonly Referrer[]>,
  signers: Signers,
): { nodes: RelationNode[]; left: number } {
  const nodes: RelationNode[] = [
    {
      key: top.digest,
      digest: top.digest,
      kind: kindOfTop(top),
      detail: top.tags.join(', '),
      size: top.totalSize,
      relation: 'self',
      on: undefined,
      isMeant: false,
    },
  ]
  if (top.subject !== null) {
    nodes.push({
      key: `subject ${top.subject}`,
      digest: top.subject,
      kind: 'image',
      detail: '',
      size: 0,
      relation: 'subject',
      on: top.digest,
      isMeant: true,
    })
  }
  for (const each of referrers.get(top.digest) ?? [])
    nodes.push(referrerNode(each, top.digest, signers))
  const images = top.children.filter((child) => !isAttestation(child))
  const said = Map.groupBy(
    top.children.filter(isAttestation),
    ({ annotations }) => annotations['vnd.docker.reference.digest'] ?? '',
  )
  for (const child of images) {
    nodes.push({
      key: child.digest,
      digest: child.digest,
      kind:
        child.mediaType.includes('index') || child.mediaType.includes('list') ? 'index' : 'image',
      detail: platformName(child.platform) ?? child.artifactType ?? '',
      size: child.size,
      relation: 'platform',
      on: top.digest,
      isMeant: true,
    })
    for (const each of said.get(child.digest) ?? []) {
      nodes.push({
        key: `${child.digest} ${each.digest}`,
        digest: each.digest,
        kind: 'attestation',
        detail: '',
        size: each.size,
        relation: 'attestation',
        on: child.digest,
        isMeant: false,
      })
    }
    for (const each of referrers.get(child.digest) ?? []) {
      nodes.push(referrerNode(each, child.digest, signers))
    }
  }
  const unique = [...new Map(nodes.map((node) => [node.key, node])).values()]
  return { nodes: unique.slice(0, nodesMax), left: Math.max(0, unique.length - nodesMax) }
}

function kindOfTop({ kind, artifactType, config, annotations }: Manifest): NodeKind {
  if (kind === 'index' || kind === 'image') return kind
  return kindOfType(artifactType ?? config?.mediaType ?? '', annotations)
}

function kindOfType(type: string, annotations: Readonly<Record<string, string>>): NodeKind {
  const predicate = annotations[predicateAnnotation] ?? ''
  if (predicate !== '' && !predicate.includes('cosign/sign')) return 'attestation'
  return artifactKind(type)
}

function referrerNode(
  { digest, artifactType, annotations, size }: Referrer,
  on: string,
  signers: Signers,
): RelationNode {
  const predicate = annotations[predicateAnnotation] ?? ''
  const signer = signers.get(digest)
  const said = predicateWords(predicate)
  const about = kindOfType(artifactType ?? '', annotations) === 'signature' ? undefined : said
  const trust =
    signer === undefined ? undefined : signer === '' ? text.refused : text.signedBy(signer)
  const words = [about, trust].filter((each) => each !== undefined)
  const kind = kindOfType(artifactType ?? '', annotations)
  const relations: Partial<Record<NodeKind, Relation>> = {
    signature: 'signature',
    sbom: 'sbom',
    attestation: 'attestation',
  }
  return {
    key: `${on} ${digest}`,
    digest,
    kind,
    detail: words.length > 0 ? words.join(', ') : predicate || (artifactType ?? ''),
    size,
    relation: relations[kind] ?? 'referrer',
    on,
    isMeant: false,
  }
}
