import { readTag } from '@berth/api/tags.ts'
import { Box, Group } from '@mantine/core'
import type { ReactNode } from 'react'
import { useApi } from '../../api/queries.ts'
import { imageText as text } from '../../text/images.ts'
import { Digest } from '../../ui/copy.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatBytes, formatCount } from '../../ui/units.ts'
import { type Manifest, useImage } from './image-context.ts'
import classes from './images.module.css'
import { choicesOf } from './platforms.ts'

const chartConfig = 'application/vnd.cncf.helm.config.v1+json'

export function isChart({ config }: Manifest): boolean {
  return config?.mediaType === chartConfig
}

/** What it is, in words. */
function kindWords(manifest: Manifest): string {
  if (isChart(manifest)) return text.kinds.chart
  if (manifest.kind === 'index') return text.kinds.index(choicesOf(manifest).length)
  if (manifest.kind !== 'artifact') return text.kinds[manifest.kind]
  const type = manifest.artifactType ?? manifest.config?.mediaType
  return type === undefined ? text.kinds.artifact : `${text.kinds.artifact} (${type})`
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
    <Box component="dl" className={classes.facts}>
      <Fact name={text.facts.kind}>{kindWords(top)}</Fact>
      <Fact name={text.facts.digest}>
        <Digest digest={top.digest} />
      </Fact>
      {platform.length > 0 && <Fact name={text.facts.platform}>{platform.join('/')}</Fact>}
      <Fact name={text.facts.size}>{formatBytes(top.totalSize)}</Fact>
      {top.image && (
        <Fact name={text.facts.built}>
          <Ago at={top.image.created} never={text.unknownTime} />
        </Fact>
      )}
      <Fact name={text.facts.pushed}>
        <Ago at={listed?.updatedAt ?? top.createdAt} />
      </Fact>
      {listed && (
        <Fact name={text.facts.pulled}>
          <Ago at={listed.lastPulledAt} never={text.never} />
          {listed.pulls > 0 && `, ${text.pulls(formatCount(listed.pulls))}`}
        </Fact>
      )}
      <Fact name={text.facts.tags}>
        {top.tags.length === 0 ? text.noTags : <TagLinks tags={top.tags} />}
      </Fact>
    </Box>
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
            inherit
          >
            <bdi>{tag}</bdi>
          </PageLink>
        ),
      )}
    </Group>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
