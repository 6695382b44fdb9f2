import { Page } from '../../ui/page.tsx'

export default function AdministrationAudit() {
  return <Page title="administrationAudit">{null}</Page>
}
