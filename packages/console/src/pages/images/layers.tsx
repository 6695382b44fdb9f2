import { Page } from '../../ui/page.tsx'

export default function ImageLayers() {
  return <Page title="imageLayers">{null}</Page>
}
