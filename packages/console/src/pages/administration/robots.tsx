import { useMay } from '../../api/session.ts'
import { Robots } from '../../resources/robots.tsx'
import { machineText } from '../../text/machines.ts'
import { Page } from '../../ui/page.tsx'

const text = machineText.robots

export default function InstanceRobots() {
  const mayManage = useMay('manageRobots')
  return (
    <Page title={text.title} lead={text.instanceLead}>
      <Robots project={undefined} mayManage={mayManage} />
    </Page>
  )
}
