import { listPolicies } from '@berth/api/policies.ts'
import { listProjects } from '@berth/api/projects.ts'
import { type ItemOf, useApiPages } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { policyText } from '../../text/policy.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { ButtonLink, PageLink } from '../../ui/link.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatCount } from '../../ui/units.ts'
import { scopeName, scopeSearch } from './scope.tsx'

type Listed = ItemOf<typeof listPolicies>
const text = policyText.list

export default function Policies() {
  const mayInstance = useMay('readPolicies')
  const mayManage = useMay('managePolicies')
  return (
    <Page
      title={text.title}
      lead={text.lead}
      actions={
        mayManage && (
          <ButtonLink to="/security/policy" variant="default">
            {text.setInstance}
          </ButtonLink>
        )
      }
    >
      {mayInstance ? <AllPolicies /> : <OwnProjects />}
    </Page>
  )
}

function PolicyLink({ project }: { project: string }) {
  return (
    <PageLink to="/security/policy" search={scopeSearch(project)}>
      <bdi>{scopeName(project)}</bdi>
    </PageLink>
  )
}

const columns: readonly Column<Listed>[] = [
  { id: 'project', title: text.project, cell: ({ project }) => <PolicyLink project={project} /> },
  { id: 'rules', title: text.rules, align: 'end', cell: ({ rules }) => formatCount(rules) },
  { id: 'version', title: text.version, align: 'end', cell: ({ version }) => formatCount(version) },
  { id: 'changed', title: text.changed, cell: ({ updatedAt }) => <Ago at={updatedAt} /> },
  { id: 'by', title: text.by, cell: ({ updatedBy }) => <ForeignText text={updatedBy} max={80} /> },
]

/** Who has a policy. */
function AllPolicies() {
  const policies = useApiPages(listPolicies, {})
  const action = (
    <ButtonLink to="/projects" variant="default">
      {text.setProject}
    </ButtonLink>
  )
  return (
    <DataTable
      label={text.label}
      columns={columns}
      rows={policies.items}
      rowKey={({ project }) => project}
      isLoading={policies.isLoading}
      error={policies.error}
      onRetry={() => void policies.refetch()}
      more={policies.more}
      hasMore={policies.hasNextPage}
      empty={
        <Empty title={text.empty} action={action}>
          {text.emptyLead}
        </Empty>
      }
    />
  )
}

const projectColumns: readonly Column<ItemOf<typeof listProjects>>[] = [
  { id: 'project', title: text.project, cell: ({ name }) => <PolicyLink project={name} /> },
]

/** For those who may not see all policies: the projects that they may read. */
function OwnProjects() {
  const projects = useApiPages(listProjects, { query: { limit: 100 } })
  return (
    <DataTable
      label={text.label}
      columns={projectColumns}
      rows={projects.items}
      rowKey={({ name }) => name}
      isLoading={projects.isLoading}
      error={projects.error}
      onRetry={() => void projects.refetch()}
      more={projects.more}
      hasMore={projects.hasNextPage}
      empty={<Empty title={text.emptyProjects}>{text.projectsLead}</Empty>}
    />
  )
}
