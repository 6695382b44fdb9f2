import { ImmutabilityRules } from '../../resources/immutability.tsx'
import { immutabilityText as text } from '../../text/immutability.ts'
import { Section } from '../../ui/page.tsx'
import { useProject } from './project-context.ts'

export default function ProjectImmutability() {
  const { project, may } = useProject()
  return (
    <Section title={text.title} lead={text.lead}>
      <ImmutabilityRules project={project.name} mayManage={may('manageImmutability')} />
    </Section>
  )
}
