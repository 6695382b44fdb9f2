import { Page } from '../../ui/page.tsx'

export default function ProjectPolicy() {
  return <Page title="projectPolicy">{null}</Page>
}
