import { listReferrers } from '@berth/api/referrers.ts'
import { readSignatures } from '@berth/api/signatures.ts'
import { Text } from '@mantine/core'
import { useQueries } from '@tanstack/react-query'
import { callApi } from '../../api/client.ts'
import { keyOf } from '../../api/queries.ts'
import { useSession } from '../../api/session.ts'
import { artifactKindText } from '../../text/artifact-kinds.ts'
import { imageSecurityText } from '../../text/image-security.ts'
import { Digest } from '../../ui/copy.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { Empty, Fault, Lines } from '../../ui/states.tsx'
import { formatBytes, formatCount } from '../../ui/units.ts'
import { shortDigest, useImage } from './image-context.ts'
import { isAttestation } from './platforms.ts'
import { type Referrer, type RelationNode, relationsOf, type Signers } from './relation-nodes.ts'
import { RelationPicture } from './relation-picture.tsx'

const text = imageSecurityText.relations
/** Of so many images of an index what refers to them is read; a larger one shows its own alone. */
const imagesAsked = 20

/** What refers to what, as a picture and as a table. */
export default function Relations() {
  const { repository, top } = useImage()
  const images = top.children.filter((child) => !isAttestation(child)).slice(0, imagesAsked)
  const digests = [...new Set([top.digest, ...images.map(({ digest }) => digest)])]
  const queries = useQueries({
    queries: digests.map((digest) => {
      const request = { params: { repository: repository.name, digest } }
      return {
        queryKey: keyOf(listReferrers, request),
        queryFn: ({ signal }: { signal: AbortSignal }) =>
          callApi(listReferrers, { ...request, signal }),
      }
    }),
  })
  // Who signed is told to those who have signed in; without it the picture stands all the same.
  const isSignedIn = useSession() !== undefined
  const verdicts = useQueries({
    queries: (isSignedIn ? digests : []).map((reference) => {
      const request = { params: { repository: repository.name, reference } }
      return {
        queryKey: keyOf(readSignatures, request),
        queryFn: ({ signal }: { signal: AbortSignal }) =>
          callApi(readSignatures, { ...request, signal }),
      }
    }),
    combine: (results) => results.flatMap(({ data }) => data?.body.items ?? []),
  })
  const failed = queries.find(({ error, data }) => error && !data)
  if (failed?.error) return <Fault error={failed.error} onRetry={() => void failed.refetch()} />
  if (queries.some(({ data }) => data === undefined)) return <Lines />
  const referrers = new Map<string, readonly Referrer[]>(
    digests.map((digest, index) => [digest, queries[index]?.data?.body.items ?? []]),
  )
  const { nodes, left } = relationsOf(top, referrers, signersOf(verdicts))
  return (
    <Section title={text.title} lead={text.lead}>
      {nodes.length === 1 ? (
        <Empty>{text.alone}</Empty>
      ) : (
        <>
          <RelationPicture nodes={nodes} />
          {left > 0 && <Text size="sm">{text.more(formatCount(left))}</Text>}
          <RelationTable nodes={nodes} />
        </>
      )}
    </Section>
  )
}

/** What counts comes before what does not, where a manifest carries several. */
function signersOf(
  verdicts: readonly { source: string; state: 'verified' | 'refused'; identity: string }[],
): Signers {
  const signers = new Map<string, string>()
  for (const { source, state, identity } of verdicts) {
    if (state === 'verified' || !signers.has(source)) signers.set(source, identity)
  }
  return signers
}

function RelationTable({ nodes }: { nodes: readonly RelationNode[] }) {
  const { repository } = useImage()
  const named = new Map(nodes.map((node) => [node.key, node]))
  return (
    <DataTable
      label={text.table}
      rows={nodes}
      rowKey={({ key }) => key}
      empty={null}
      columns={[
        {
          id: 'node',
          title: text.node,
          cell: ({ kind, detail, digest }) => (
            <>
              <PageLink
                to="/repositories/$repository/images/$reference"
                params={{ repository: repository.name, reference: digest }}
                aria-label={`${artifactKindText[kind]} ${shortDigest(digest)}`}
              >
                {artifactKindText[kind]}
              </PageLink>
              {detail !== '' && (
                <Text size="xs" fw={400} className="berth-quiet">
                  <ForeignText text={detail} max={120} />
                </Text>
              )}
            </>
          ),
        },
        { id: 'relation', title: text.relation, cell: ({ relation }) => text.relations[relation] },
        {
          id: 'to',
          title: text.to,
          cell: ({ on }) => {
            const target = on === undefined ? undefined : named.get(on)
            return target && nameOfNode(target)
          },
        },
        {
          id: 'size',
          title: text.size,
          align: 'end',
          cell: ({ size }) => size > 0 && formatBytes(size),
        },
        { id: 'digest', title: text.digest, cell: ({ digest }) => <Digest digest={digest} /> },
      ]}
    />
  )
}

function nameOfNode({ kind, detail, digest }: RelationNode): string {
  return `${artifactKindText[kind]} ${detail === '' ? shortDigest(digest) : detail.slice(0, 80)}`
}
