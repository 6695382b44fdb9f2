import { Page } from '../../ui/page.tsx'

export default function AdministrationCollection() {
  return <Page title="administrationCollection">{null}</Page>
}
