import { Page } from '../../ui/page.tsx'

export default function AdministrationImmutability() {
  return <Page title="administrationImmutability">{null}</Page>
}
