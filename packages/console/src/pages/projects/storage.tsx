import { Page } from '../../ui/page.tsx'

export default function ProjectStorage() {
  return <Page title="projectStorage">{null}</Page>
}
