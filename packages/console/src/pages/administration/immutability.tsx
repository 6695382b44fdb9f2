import { useMay } from '../../api/session.ts'
import { ImmutabilityRules } from '../../resources/immutability.tsx'
import { immutabilityText as text } from '../../text/immutability.ts'
import { Page } from '../../ui/page.tsx'

export default function InstanceImmutability() {
  const mayManage = useMay('manageSystem')
  return (
    <Page title={text.title} lead={text.lead}>
      <ImmutabilityRules project={undefined} mayManage={mayManage} />
    </Page>
  )
}
