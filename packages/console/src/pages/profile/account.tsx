import { Page } from '../../ui/page.tsx'

export default function ProfileAccount() {
  return <Page title="profileAccount">{null}</Page>
}
