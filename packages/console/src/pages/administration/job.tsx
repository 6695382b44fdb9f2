import { Page } from '../../ui/page.tsx'

export default function AdministrationJob() {
  return <Page title="administrationJob">{null}</Page>
}
