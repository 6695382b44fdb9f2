import { Page } from '../../ui/page.tsx'

export default function AdministrationUsers() {
  return <Page title="administrationUsers">{null}</Page>
}
