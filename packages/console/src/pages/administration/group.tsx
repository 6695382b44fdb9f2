import { Page } from '../../ui/page.tsx'

export default function AdministrationGroup() {
  return <Page title="administrationGroup">{null}</Page>
}
