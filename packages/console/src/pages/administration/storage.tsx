import { Page } from '../../ui/page.tsx'

export default function AdministrationStorage() {
  return <Page title="administrationStorage">{null}</Page>
}
