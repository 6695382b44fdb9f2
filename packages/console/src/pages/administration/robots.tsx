import { Page } from '../../ui/page.tsx'

export default function AdministrationRobots() {
  return <Page title="administrationRobots">{null}</Page>
}
