import { Button } from '@mantine/core'
import { IconBug } from '@tabler/icons-react'
import { uiText } from '../text/ui.ts'
import { Empty, Fault } from '../ui/states.tsx'
import { ApiProblem } from '@berth/api/client.ts'

/** In the place of a page that failed while it was drawn. */
export function Defect({ error }: { error: Error }) {
  if (error instanceof ApiProblem) return <Fault error={error} onRetry={() => location.reload()} />
  return (
    <Empty
      title={uiText.defectTitle}
      icon={IconBug}
      action={<Button onClick={() => location.reload()}>{uiText.reload}</Button>}
    >
      {uiText.defect}
      <br />
      <code>{error.message}</code>
    </Empty>
  )
}
