import { Box, Button, CloseButton } from '@mantine/core'
import { searchText as text } from '../../text/search.ts'
import { visible } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { clearSearches, removeSearch, useRecentSearches } from '../../ui/recent-searches.ts'
import classes from './hit-group.module.css'

/** What was searched for in this browser, to be searched for again or taken off. */
export function RecentSearches() {
  const recent = useRecentSearches()
  if (recent.length === 0) return null
  return (
    <Section
      title={text.recent}
      actions={
        <Button size="xs" variant="default" onClick={clearSearches}>
          {text.clearRecent}
        </Button>
      }
    >
      <Box component="ul" className={`berth-panel ${classes.list}`}>
        {recent.map((words) => (
          <li key={words} className={classes.hit}>
            <PageLink
              to="/search"
              search={{ q: words }}
              isSmall
              style={{ flex: 1 }}
              className={classes.name}
            >
              <bdi>{visible(words)}</bdi>
            </PageLink>
            <CloseButton
              size="sm"
              aria-label={visible(text.remove(words))}
              onClick={() => removeSearch(words)}
            />
          </li>
        ))}
      </Box>
    </Section>
  )
}
