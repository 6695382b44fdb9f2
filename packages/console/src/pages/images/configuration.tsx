import { Page } from '../../ui/page.tsx'

export default function ImageConfiguration() {
  return <Page title="imageConfiguration">{null}</Page>
}
