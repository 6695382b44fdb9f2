import { Page } from '../../ui/page.tsx'

export default function ImageTrust() {
  return <Page title="imageTrust">{null}</Page>
}
