import { containsQuery } from '@berth/api/page.ts'
import { listProjects } from '@berth/api/projects.ts'
import { listRepositories } from '@berth/api/repositories.ts'
import { Button, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { registryHost } from '../../api/address.ts'
import { useApiPages } from '../../api/queries.ts'
import { projectText as text } from '../../text/projects.ts'
import { repositoryColumns, repositorySorts as sorts } from '../../resources/repository-columns.tsx'
import { CommandLine } from '../../ui/copy.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { FilterField } from '../../ui/filter-field.tsx'
import { useFilters } from '../../ui/filters.ts'
import { Section } from '../../ui/page.tsx'
import { orderOf } from '../../ui/sorting.ts'
import { Empty, NothingFound } from '../../ui/states.tsx'
import { CreateProject } from './create-project.tsx'
import { projectColumns } from './project-columns.tsx'
import { useProject } from './project-context.ts'
import { ProjectFacts } from './project-facts.tsx'

/** The repositories of the project and of those below it, and the projects right below it. */
export default function ProjectRepositories() {
  return (
    <Stack gap="xl">
      <ProjectFacts />
      <Repositories />
      <Below />
    </Stack>
  )
}

function Repositories() {
  const { project } = useProject()
  const [filters, setFilters] = useFilters()
  const { contains = '' } = filters
  const sort = orderOf(filters, sorts, 'name')
  const isBad = contains !== '' && !containsQuery.safeParse(contains).success
  const list = useApiPages(
    listRepositories,
    {
      query: {
        project: project.name,
        sort: sort.by,
        order: sort.order,
        ...(contains !== '' && { contains }),
      },
    },
    { keepsPrevious: true, isEnabled: !isBad },
  )
  return (
    <Section title={text.repositories}>
      <FilterField
        label={text.filter}
        value={contains}
        onChange={(value) => setFilters({ contains: value })}
      />
      {isBad && (
        <Text size="sm" role="alert">
          {text.badFilter}
        </Text>
      )}
      <DataTable
        label={text.repositories}
        columns={repositoryColumns}
        rows={isBad ? [] : list.items}
        rowKey={({ name }) => name}
        isLoading={!isBad && list.isLoading}
        error={isBad ? null : list.error}
        onRetry={() => void list.refetch()}
        sort={sort}
        onSort={(next) => setFilters({ sort: next.by, order: next.order })}
        more={list.more}
        hasMore={!isBad && list.hasNextPage}
        empty={
          contains === '' ? (
            <NoRepositories project={project.name} />
          ) : (
            <NothingFound onClear={() => setFilters({ contains: undefined })} />
          )
        }
      />
    </Section>
  )
}

/** The lines that make the first one. */
function NoRepositories({ project }: { project: string }) {
  const address = `${registryHost}/${project}/hello:1.0.0`
  return (
    <Empty title={text.noRepositories}>
      <Stack gap="sm" ta="start">
        <Text ta="center">{text.noRepositoriesLead}</Text>
        <CommandLine label={text.loginLine} command={`docker login ${registryHost}`} />
        <CommandLine label={text.tagLine} command={`docker tag hello-world ${address}`} />
        <CommandLine label={text.pushLine} command={`docker push ${address}`} />
      </Stack>
    </Empty>
  )
}

/** Left out where there is none and none may be made. */
function Below() {
  const { project, may } = useProject()
  const [isCreating, { open, close }] = useDisclosure(false)
  const list = useApiPages(listProjects, { query: { parent: project.name } })
  const mayCreate = may('createProject')
  if (!mayCreate && !list.isLoading && list.items.length === 0) return null
  const create = mayCreate && (
    <Button variant="default" onClick={open}>
      {text.createBelow}
    </Button>
  )
  return (
    <Section title={text.below} lead={text.belowLead} actions={create}>
      {(list.isLoading || list.items.length > 0 || list.error) && (
        <DataTable
          label={text.below}
          columns={projectColumns}
          rows={list.items}
          rowKey={({ name }) => name}
          isLoading={list.isLoading}
          error={list.error}
          onRetry={() => void list.refetch()}
          more={list.more}
          hasMore={list.hasNextPage}
          height="28rem"
          empty={null}
        />
      )}
      <CreateProject isOpen={isCreating} onClose={close} parent={project.name} />
    </Section>
  )
}
