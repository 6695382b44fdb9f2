import { Page } from '../../ui/page.tsx'

export default function RepositoryAbout() {
  return <Page title="repositoryAbout">{null}</Page>
}
