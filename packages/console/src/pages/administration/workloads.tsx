import { useMay } from '../../api/session.ts'
import { WorkloadRules } from '../../resources/workloads.tsx'
import { machineText } from '../../text/machines.ts'
import { Page } from '../../ui/page.tsx'

const text = machineText.workloads

export default function InstanceWorkloads() {
  const mayManage = useMay('manageRobots')
  return (
    <Page title={text.title} lead={`${text.lead} ${text.instanceLead}`}>
      <WorkloadRules project={undefined} mayManage={mayManage} />
    </Page>
  )
}
