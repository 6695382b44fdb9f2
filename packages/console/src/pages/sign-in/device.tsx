import { Page } from '../../ui/page.tsx'

export default function Device() {
  return <Page title="device">{null}</Page>
}
