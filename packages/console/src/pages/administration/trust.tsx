import { useMay } from '../../api/session.ts'
import { TrustedIdentities } from '../../resources/trust.tsx'
import { trustText as text } from '../../text/trust.ts'
import { Page } from '../../ui/page.tsx'
import { TrustedRoots } from './trusted-roots.tsx'

export default function InstanceTrust() {
  const mayManage = useMay('manageSigners')
  return (
    <Page title={text.title} lead={text.lead}>
      <TrustedIdentities project={undefined} mayManage={mayManage} />
      <TrustedRoots mayManage={mayManage} />
    </Page>
  )
}
