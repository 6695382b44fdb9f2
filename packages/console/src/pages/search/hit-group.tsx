import { Box, Group, Text } from '@mantine/core'
import {
  IconBox,
  IconBug,
  IconFingerprint,
  IconFolders,
  IconNote,
  IconPackage,
  type IconProps,
  IconTag,
  IconTags,
} from '@tabler/icons-react'
import type { ComponentType } from 'react'
import { searchText as text } from '../../text/search.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { hitKey, hitLink, hitPlace, type SearchHit, type SearchKind } from '../../ui/search-hits.ts'
import classes from './hit-group.module.css'

const icons: Readonly<Record<SearchKind, ComponentType<IconProps>>> = {
  project: IconFolders,
  repository: IconBox,
  tag: IconTag,
  digest: IconFingerprint,
  label: IconTags,
  annotation: IconNote,
  package: IconPackage,
  vulnerability: IconBug,
}
const textMax = 200

/** What was found of one kind. */
export function HitGroup({
  kind,
  hits,
  isCapped,
}: {
  kind: SearchKind
  hits: readonly SearchHit[]
  isCapped: boolean
}) {
  const Icon = icons[kind]
  return (
    <Section title={text.kinds[kind]} {...(isCapped && { lead: text.capped(hits.length) })}>
      <Box component="ul" className={`berth-panel ${classes.list}`}>
        {hits.map((hit) => (
          <li key={hitKey(hit)} className={classes.hit}>
            <Icon size={16} stroke={1.6} aria-hidden style={{ flex: 'none' }} />
            <Group gap={8} flex={1} miw={0}>
              <PageLink {...hitLink(hit)} isSmall className={classes.name}>
                <ForeignLine text={hit.text} />
              </PageLink>
              <Text size="sm" className="berth-quiet" style={{ overflowWrap: 'anywhere' }}>
                <bdi>{hitPlace(hit)}</bdi>
              </Text>
            </Group>
          </li>
        ))}
      </Box>
    </Section>
  )
}

/** In a link there is no room for a button that shows the rest. */
function ForeignLine({ text: whole }: { text: string }) {
  const shown = whole.length > textMax ? `${whole.slice(0, textMax)}…` : whole
  return <ForeignText text={shown} max={textMax + 1} />
}
