import { Page } from '../../ui/page.tsx'

export default function SecurityPackages() {
  return <Page title="securityPackages">{null}</Page>
}
