import { Page } from '../../ui/page.tsx'

export default function SecurityPolicies() {
  return <Page title="securityPolicies">{null}</Page>
}
