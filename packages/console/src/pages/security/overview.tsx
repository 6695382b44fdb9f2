import { Page } from '../../ui/page.tsx'

export default function Security() {
  return <Page title="security">{null}</Page>
}
