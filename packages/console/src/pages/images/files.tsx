import { Page } from '../../ui/page.tsx'

export default function ImageFiles() {
  return <Page title="imageFiles">{null}</Page>
}
