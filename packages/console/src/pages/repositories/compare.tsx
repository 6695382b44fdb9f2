import { Page } from '../../ui/page.tsx'

export default function RepositoryCompare() {
  return <Page title="repositoryCompare">{null}</Page>
}
