import { Page } from '../../ui/page.tsx'

export default function ProjectMembers() {
  return <Page title="projectMembers">{null}</Page>
}
