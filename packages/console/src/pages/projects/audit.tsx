import { useParams } from '@tanstack/react-router'
import { Text } from '@mantine/core'
import { AuditLog } from '../../resources/audit.tsx'
import { auditText as text } from '../../text/audit.ts'

export default function ProjectAudit() {
  const { project = '' } = useParams({ strict: false })
  return (
    <>
      <Text size="sm" className="berth-quiet">
        {text.projectLead}
      </Text>
      <AuditLog project={project} />
    </>
  )
}
