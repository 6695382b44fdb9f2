import { Page } from '../../ui/page.tsx'

export default function AdministrationScanners() {
  return <Page title="administrationScanners">{null}</Page>
}
