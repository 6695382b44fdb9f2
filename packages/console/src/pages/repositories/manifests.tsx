import { Page } from '../../ui/page.tsx'

export default function RepositoryManifests() {
  return <Page title="repositoryManifests">{null}</Page>
}
