import { Page } from '../../ui/page.tsx'

export default function AdministrationUser() {
  return <Page title="administrationUser">{null}</Page>
}
