import { Page } from '../../ui/page.tsx'

export default function ProjectSettings() {
  return <Page title="projectSettings">{null}</Page>
}
