import { Page } from '../../ui/page.tsx'

export default function ProjectWorkloads() {
  return <Page title="projectWorkloads">{null}</Page>
}
