import { Page } from '../../ui/page.tsx'

export default function RepositorySettings() {
  return <Page title="repositorySettings">{null}</Page>
}
