import { Page } from '../../ui/page.tsx'

export default function ProjectImmutability() {
  return <Page title="projectImmutability">{null}</Page>
}
