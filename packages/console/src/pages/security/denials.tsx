import { Page } from '../../ui/page.tsx'

export default function SecurityDenials() {
  return <Page title="securityDenials">{null}</Page>
}
