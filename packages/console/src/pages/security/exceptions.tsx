import { Page } from '../../ui/page.tsx'

export default function SecurityExceptions() {
  return <Page title="securityExceptions">{null}</Page>
}
