import { Page } from '../../ui/page.tsx'

export default function Projects() {
  return <Page title="projects">{null}</Page>
}
