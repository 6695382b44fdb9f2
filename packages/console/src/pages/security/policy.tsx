import { Page } from '../../ui/page.tsx'

export default function SecurityPolicy() {
  return <Page title="securityPolicy">{null}</Page>
}
