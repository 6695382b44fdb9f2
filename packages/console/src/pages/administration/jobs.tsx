import { Page } from '../../ui/page.tsx'

export default function AdministrationJobs() {
  return <Page title="administrationJobs">{null}</Page>
}
