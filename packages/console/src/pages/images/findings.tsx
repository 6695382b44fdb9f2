import { Page } from '../../ui/page.tsx'

export default function ImageFindings() {
  return <Page title="imageFindings">{null}</Page>
}
