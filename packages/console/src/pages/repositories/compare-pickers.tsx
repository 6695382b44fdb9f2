import { containsQuery } from '@berth/api/page.ts'
import { listTags } from '@berth/api/tags.ts'
import { ActionIcon, Autocomplete, Group, NativeSelect, Switch, Tooltip } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconArrowsExchange } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useApi } from '../../api/queries.ts'
import { repositoryText } from '../../text/repositories.ts'
import { useFilters } from '../../ui/filters.ts'
import { useRepository } from './repository-context.ts'

const text = repositoryText.compare

/** Which two images are compared, and for which platform. */
export function ComparePickers({ platforms }: { platforms: readonly string[] }) {
  const [filters, setFilters] = useFilters()
  const { from = '', to = '', platform = '' } = filters
  return (
    <Group gap="sm" align="flex-end">
      <Picker label={text.from} value={from} onChange={(value) => setFilters({ from: value })} />
      <Tooltip label={text.swap} withArrow>
        <ActionIcon
          variant="default"
          size={36}
          aria-label={text.swap}
          onClick={() => setFilters({ from: to, to: from })}
        >
          <IconArrowsExchange size={18} />
        </ActionIcon>
      </Tooltip>
      <Picker label={text.to} value={to} onChange={(value) => setFilters({ to: value })} />
      {platforms.length > 0 && (
        <NativeSelect
          label={text.platform}
          value={platforms.includes(platform) ? platform : usualOf(platforms)}
          onChange={({ currentTarget }) => setFilters({ platform: currentTarget.value })}
          data={[...platforms]}
        />
      )}
      {from !== '' && to !== '' && (
        <Switch
          label={text.showSame}
          checked={filters.same !== undefined}
          onChange={({ currentTarget }) =>
            setFilters({ same: currentTarget.checked ? 'yes' : undefined })
          }
          ml="auto"
          mb={8}
        />
      )}
    </Group>
  )
}

/** What the API chooses when nobody says. */
function usualOf(platforms: readonly string[]): string {
  return platforms.find((each) => each === 'linux/amd64') ?? platforms[0] ?? ''
}

/** A tag, with those that fit what is typed, or a digest. It counts when it is chosen, entered or left. */
function Picker({
  label,
  value,
  onChange,
}: {
  label: string
  value: string
  onChange: (reference: string) => void
}) {
  const { repository } = useRepository()
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  const [wanted] = useDebouncedValue(typed === value ? '' : typed, 200)
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
  return (
    <Autocomplete
      label={label}
      placeholder={text.hint}
      data={data?.body.items.map(({ name }) => name) ?? []}
      // The server has chosen already; all are offered while nothing new is typed.
      filter={({ options }) => options}
      value={typed}
      onChange={setTyped}
      onOptionSubmit={onChange}
      onBlur={() => onChange(typed.trim())}
      onKeyDown={({ key }) => {
        if (key === 'Enter') onChange(typed.trim())
      }}
      maxLength={140}
      maxDropdownHeight={320}
      w={{ base: '100%', xs: 260 }}
    />
  )
}
