import { Robots } from '../../resources/robots.tsx'
import { machineText } from '../../text/machines.ts'
import { Section } from '../../ui/page.tsx'
import { useProject } from './project-context.ts'

const text = machineText.robots

export default function ProjectRobots() {
  const { project, may } = useProject()
  return (
    <Section title={text.title} lead={text.lead}>
      <Robots project={project.name} mayManage={may('manageRobots')} />
    </Section>
  )
}
