import { Page } from '../../ui/page.tsx'

export default function ProfileKeys() {
  return <Page title="profileKeys">{null}</Page>
}
