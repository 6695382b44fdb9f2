import { Page } from '../../ui/page.tsx'

export default function ImageRelations() {
  return <Page title="imageRelations">{null}</Page>
}
