import { Page } from '../../ui/page.tsx'

export default function Repositories() {
  return <Page title="repositories">{null}</Page>
}
