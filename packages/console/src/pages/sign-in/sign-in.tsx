import { Page } from '../../ui/page.tsx'

export default function SignIn() {
  return <Page title="signIn">{null}</Page>
}
