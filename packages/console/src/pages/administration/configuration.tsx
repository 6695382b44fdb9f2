import { Page } from '../../ui/page.tsx'

export default function AdministrationConfiguration() {
  return <Page title="administrationConfiguration">{null}</Page>
}
