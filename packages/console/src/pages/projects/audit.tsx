import { Page } from '../../ui/page.tsx'

export default function ProjectAudit() {
  return <Page title="projectAudit">{null}</Page>
}
