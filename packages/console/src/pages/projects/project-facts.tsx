import { listProjects } from '@berth/api/projects.ts'
import { Box } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { projectText as text } from '../../text/projects.ts'
import { Facts } from '../../ui/facts.tsx'
import { PageLink } from '../../ui/link.tsx'
import { SeverityCounts } from '../../ui/severity.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { Ago } from '../../ui/time.tsx'
import { useProject } from './project-context.ts'
import { QuotaBar } from './quota-bar.tsx'

/** The figures of the project as they stand in the list of all of them. Left out when they cannot be read. */
export function ProjectFacts() {
  const { project } = useProject()
  // Of all names that begin with it, its own is the first.
  const read = useApi(listProjects, { query: { prefix: project.name, limit: 1 } })
  const listed = read.data?.body.items[0]
  if (read.data === undefined && !read.error) return <Skeleton height={74} />
  if (listed?.name !== project.name) return null
  const { usage, findings, settings, createdAt } = listed
  return (
    <Box className="berth-panel" p="md">
      <Facts
        items={[
          [
            text.repositories,
            <QuotaBar
              key="repositories"
              unit="repositories"
              used={usage.repositories}
              quota={settings.quotaRepositories.own}
            />,
          ],
          [
            text.size,
            <QuotaBar key="size" unit="bytes" used={usage.bytes} quota={settings.quotaBytes.own} />,
          ],
          [
            text.openFindings,
            findings === null ? (
              text.notCounted
            ) : (
              <PageLink
                key="findings"
                to="/projects/$project/security"
                params={{ project: project.name }}
              >
                <SeverityCounts counts={findings} />
              </PageLink>
            ),
          ],
          [text.created, <Ago key="created" at={createdAt} />],
        ]}
      />
    </Box>
  )
}
