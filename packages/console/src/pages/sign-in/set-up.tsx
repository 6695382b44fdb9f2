import { Page } from '../../ui/page.tsx'

export default function SetUp() {
  return <Page title="setUp">{null}</Page>
}
