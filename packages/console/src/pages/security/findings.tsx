import { Page } from '../../ui/page.tsx'

export default function SecurityFindings() {
  return <Page title="securityFindings">{null}</Page>
}
