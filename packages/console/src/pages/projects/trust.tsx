import { Page } from '../../ui/page.tsx'

export default function ProjectTrust() {
  return <Page title="projectTrust">{null}</Page>
}
