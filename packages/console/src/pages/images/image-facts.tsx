import { readTag } from '@berth/api/tags.ts'
import { Group } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { artifactKindText } from '../../text/artifact-kinds.ts'
import { imageText as text } from '../../text/images.ts'
import { artifactKind } from '../../ui/artifact-kind.ts'
import { Digest } from '../../ui/copy.tsx'
import { Facts } from '../../ui/facts.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatBytes, formatCount } from '../../ui/units.ts'
import { type Manifest, useImage } from './image-context.ts'
import { choicesOf } from './platforms.ts'

/** What it is, in words. */
function kindWords(manifest: Manifest): string {
  if (manifest.kind === 'index') return text.kinds.index(choicesOf(manifest).length)
  if (manifest.kind === 'image') return artifactKindText.image
  if (manifest.kind === 'unknown') return text.kinds.unknown
  const type = manifest.artifactType ?? manifest.config?.mediaType
  const kind = artifactKind(type)
  return kind === 'artifact' && type !== undefined
    ? text.kinds.artifactOf(type)
    : artifactKindText[kind]
}

/** What one wants to know of an image at first sight. */
export function ImageFacts() {
  const { repository, reference, top } = useImage()
  // How often a manifest was pulled stands with each of its tags.
  const tag = reference.includes(':') ? top.tags[0] : reference
  const { data } = useApi(
    readTag,
    { params: { repository: repository.name, tag: tag ?? '' } },
    { isEnabled: tag !== undefined },
  )
  const listed = data?.body
  const platform = [top.image?.os, top.image?.architecture, top.image?.variant].filter(Boolean)
  return (
    <Facts
      items={[
        [text.facts.kind, <ForeignText key="kind" text={kindWords(top)} />],
        [text.facts.digest, <Digest key="digest" digest={top.digest} />],
        [
          text.facts.platform,
          platform.length > 0 && <ForeignText key="platform" text={platform.join('/')} />,
        ],
        [text.facts.size, formatBytes(top.totalSize)],
        [
          text.facts.built,
          top.image && <Ago key="built" at={top.image.created} never={text.unknownTime} />,
        ],
        [text.facts.pushed, <Ago key="pushed" at={listed?.updatedAt ?? top.createdAt} />],
        [
          text.facts.pulled,
          listed && (
            <>
              <Ago at={listed.lastPulledAt} never={text.never} />
              {listed.pulls > 0 && `, ${text.pulls(formatCount(listed.pulls))}`}
            </>
          ),
        ],
        [
          text.facts.tags,
          top.tags.length === 0 ? text.noTags : <TagLinks key="tags" tags={top.tags} />,
        ],
      ]}
    />
  )
}

function TagLinks({ tags }: { tags: readonly string[] }) {
  const { repository, reference } = useImage()
  return (
    <Group gap={8} component="span">
      {tags.map((tag) =>
        tag === reference ? (
          <bdi key={tag}>{tag}</bdi>
        ) : (
          <PageLink
            key={tag}
            to="/repositories/$repository/images/$reference"
            params={{ repository: repository.name, reference: tag }}
          >
            <bdi>{tag}</bdi>
          </PageLink>
        ),
      )}
    </Group>
  )
}
