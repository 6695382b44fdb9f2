import { ApiProblem, type ClientAnswer } from '@berth/api/client.ts'
import { readInstancePolicy, readPolicy } from '@berth/api/policies.ts'
import { readProject } from '@berth/api/projects.ts'
import { Group, Stack, Text } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { RuleBadges } from '../../resources/rule-summary.tsx'
import { summaryOf } from '../../resources/rule-words.ts'
import { projectText } from '../../text/projects.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { ButtonLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { useProject } from './project-context.ts'

const text = projectText.policy
type Rule = ClientAnswer<typeof readPolicy>['body']['rules'][number]

/** The rules that hold in the project: its own, and those of all above it. */
export default function ProjectPolicy() {
  const { project, may } = useProject()
  const link = (
    <ButtonLink to="/security/policy" search={{ project: project.name }} variant="default">
      {may('managePolicy') ? text.edit : text.look}
    </ButtonLink>
  )
  return (
    <Section title={text.title} lead={text.lead} actions={link}>
      <Stack gap="lg">
        <OfProject title={text.own} project={project.name} />
        <Above project={project.parent} />
      </Stack>
    </Section>
  )
}

/** Those of a project above, and of all above that; an empty `project` is the instance. */
function Above({ project }: { project: string }) {
  const read = useApi(
    readProject,
    { params: { project: project || '-' } },
    { isEnabled: project !== '' },
  )
  if (project === '') return <OfInstance />
  if (read.error) return <Quiet>{text.aboveHidden(project)}</Quiet>
  return (
    <>
      <OfProject title={text.above(project)} project={project} />
      {read.data && <Above project={read.data.body.parent} />}
    </>
  )
}

function OfProject({ title, project }: { title: string; project: string }) {
  return <Rules title={title} read={useApi(readPolicy, { params: { project } })} />
}

function OfInstance() {
  const mayRead = useMay('readPolicies')
  const read = useApi(readInstancePolicy, {}, { isEnabled: mayRead })
  if (!mayRead) return <Quiet>{text.instanceHidden}</Quiet>
  return <Rules title={text.instance} read={read} />
}

function Quiet({ children }: { children: string }) {
  return (
    <Text size="sm" className="berth-quiet">
      {children}
    </Text>
  )
}

function Rules({
  title,
  read,
}: {
  title: string
  read: {
    readonly data: { readonly body: { readonly rules: readonly Rule[] } } | undefined
    readonly error: Error | null
    readonly isLoading: boolean
    readonly refetch: () => unknown
  }
}) {
  // Without a policy there is nothing to read.
  const isNone = read.error instanceof ApiProblem && read.error.status === 404
  return (
    <div>
      <Text component="h3" fw={600} mb={4}>
        <bdi>{title}</bdi>
      </Text>
      <DataTable
        label={title}
        columns={columns}
        rows={read.data?.body.rules ?? []}
        rowKey={({ name }) => name}
        isLoading={read.isLoading}
        error={isNone ? null : read.error}
        onRetry={() => void read.refetch()}
        height="none"
        empty={<Quiet>{text.noRules}</Quiet>}
      />
    </div>
  )
}

const columns: readonly Column<Rule>[] = [
  {
    id: 'rule',
    title: text.rule,
    cell: ({ name, description }) => (
      <>
        <ForeignText text={name} max={64} />
        {description !== undefined && (
          <Text size="xs" className="berth-quiet" component="div">
            <ForeignText text={description} max={160} />
          </Text>
        )}
      </>
    ),
  },
  {
    id: 'demands',
    title: text.demands,
    width: '50%',
    cell: (rule) => <ForeignText text={summaryOf(rule)} max={240} />,
  },
  {
    id: 'mode',
    title: text.mode,
    cell: (rule) => (
      <Group gap={6} display="inline-flex">
        <RuleBadges rule={rule} />
      </Group>
    ),
  },
]
