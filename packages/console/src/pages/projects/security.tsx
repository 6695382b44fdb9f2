import { Page } from '../../ui/page.tsx'

export default function ProjectSecurity() {
  return <Page title="projectSecurity">{null}</Page>
}
