import { Page } from '../../ui/page.tsx'

export default function ProjectRobots() {
  return <Page title="projectRobots">{null}</Page>
}
