import { Page } from '../../ui/page.tsx'

export default function ProfileSessions() {
  return <Page title="profileSessions">{null}</Page>
}
