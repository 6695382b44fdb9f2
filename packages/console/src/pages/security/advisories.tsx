import { Page } from '../../ui/page.tsx'

export default function SecurityAdvisories() {
  return <Page title="securityAdvisories">{null}</Page>
}
