import { containsQuery } from '@berth/api/page.ts'
import { listTags, readTag } from '@berth/api/tags.ts'
import { Drawer, Select, Stack } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useDeferredValue, useState } from 'react'
import { useApi } from '../../api/queries.ts'
import { repositoryText } from '../../text/repositories.ts'
import { PullGuide } from '../../ui/pull-guide.tsx'
import { Show } from '../../ui/states.tsx'
import { useRepository } from './repository-context.ts'
import { useLast } from './use-last.ts'

const text = repositoryText.pull

/** Beside the tags: lines for every client, by tag and by digest, ready to be copied. */
export function HowToPull({
  tag: asked,
  onTag,
  onClose,
}: {
  /** Open when there is one. */
  tag: string | undefined
  onTag: (tag: string) => void
  onClose: () => void
}) {
  const { repository } = useRepository()
  // That it opens is seen first; all the lines take longer.
  const tag = useDeferredValue(useLast(asked))
  return (
    <Drawer
      opened={asked !== undefined}
      onClose={onClose}
      position="right"
      size="lg"
      title={text.title(repository.name)}
    >
      {tag !== undefined && <Lines tag={tag} onTag={onTag} />}
    </Drawer>
  )
}

function Lines({ tag, onTag }: { tag: string; onTag: (tag: string) => void }) {
  const { repository } = useRepository()
  const read = useApi(readTag, { params: { repository: repository.name, tag } })
  return (
    <Stack>
      <TagSelect tag={tag} onTag={onTag} />
      <Show of={read}>
        {({ body: { kind, artifactType, digest } }) => (
          <PullGuide
            repository={repository.name}
            kind={kind}
            artifactType={artifactType}
            tag={tag}
            digest={digest}
          />
        )}
      </Show>
    </Stack>
  )
}

function TagSelect({ tag, onTag }: { tag: string; onTag: (tag: string) => void }) {
  const { repository } = useRepository()
  const [typed, setTyped] = useState(tag)
  const [wanted] = useDebouncedValue(typed === tag ? '' : typed, 200)
  const { data } = useApi(
    listTags,
    {
      params: { repository: repository.name },
      query: {
        limit: 50,
        sort: 'version',
        ...(containsQuery.safeParse(wanted).success && { contains: wanted }),
      },
    },
    { keepsPrevious: true },
  )
  const names = data?.body.items.map(({ name }) => name) ?? []
  return (
    <Select
      label={text.tag}
      data={names.includes(tag) ? names : [tag, ...names]}
      value={tag}
      onChange={(chosen) => chosen !== null && onTag(chosen)}
      searchValue={typed}
      onSearchChange={setTyped}
      searchable
      allowDeselect={false}
    />
  )
}
