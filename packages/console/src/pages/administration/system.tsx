import { Page } from '../../ui/page.tsx'

export default function AdministrationSystem() {
  return <Page title="administrationSystem">{null}</Page>
}
