import { Page } from '../../ui/page.tsx'

export default function ImagePackages() {
  return <Page title="imagePackages">{null}</Page>
}
