import { Page } from '../../ui/page.tsx'

export default function AdministrationWorkloads() {
  return <Page title="administrationWorkloads">{null}</Page>
}
