import { Page } from '../../ui/page.tsx'

export default function SecurityStatements() {
  return <Page title="securityStatements">{null}</Page>
}
