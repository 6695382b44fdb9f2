import { Page } from '../../ui/page.tsx'

export default function AdministrationGroups() {
  return <Page title="administrationGroups">{null}</Page>
}
