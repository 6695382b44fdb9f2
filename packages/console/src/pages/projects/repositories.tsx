import { Page } from '../../ui/page.tsx'

export default function ProjectRepositories() {
  return <Page title="projectRepositories">{null}</Page>
}
