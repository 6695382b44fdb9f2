import { Page } from '../../ui/page.tsx'

export default function AdministrationTrust() {
  return <Page title="administrationTrust">{null}</Page>
}
