import { Page } from '../../ui/page.tsx'

export default function RepositoryTags() {
  return <Page title="repositoryTags">{null}</Page>
}
