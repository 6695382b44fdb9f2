import { Page } from '../../ui/page.tsx'

export default function ProfileSecondFactor() {
  return <Page title="profileSecondFactor">{null}</Page>
}
