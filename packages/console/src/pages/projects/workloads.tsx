import { WorkloadRules } from '../../resources/workloads.tsx'
import { machineText } from '../../text/machines.ts'
import { Section } from '../../ui/page.tsx'
import { useProject } from './project-context.ts'

const text = machineText.workloads

export default function ProjectWorkloads() {
  const { project, may } = useProject()
  return (
    <Section title={text.title} lead={text.lead}>
      <WorkloadRules project={project.name} mayManage={may('manageRobots')} />
    </Section>
  )
}
