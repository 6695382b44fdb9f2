import { containsQuery } from '@berth/api/page.ts'
import { listProjects } from '@berth/api/projects.ts'
import { Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { useApi } from '../../api/queries.ts'
import { repositoryText as text } from '../../text/repositories.ts'

/** Chooses one of the projects, which are looked for by what is typed. */
export function ProjectFilter({
  value,
  onChange,
}: {
  value: string
  onChange: (project: string | undefined) => void
}) {
  const [typed, setTyped] = useState(value)
  const [wanted] = useDebouncedValue(typed === value ? '' : typed, 200)
  const isUsable = containsQuery.safeParse(wanted).success
  const { data } = useApi(
    listProjects,
    { query: { limit: 50, ...(isUsable && { contains: wanted }) } },
    { keepsPrevious: true },
  )
  const names = data?.body.items.map(({ name }) => name) ?? []
  return (
    <Select
      aria-label={text.project}
      placeholder={text.anyProject}
      data={value === '' || names.includes(value) ? names : [value, ...names]}
      value={value === '' ? null : value}
      onChange={(chosen) => onChange(chosen ?? undefined)}
      searchValue={typed}
      onSearchChange={setTyped}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': text.anyProject }}
      maxDropdownHeight={320}
      w={{ base: '100%', sm: 280 }}
    />
  )
}
