import { Page } from '../../ui/page.tsx'

export default function AdministrationSignIn() {
  return <Page title="administrationSignIn">{null}</Page>
}
