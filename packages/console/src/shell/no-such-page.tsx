import { IconMapOff } from '@tabler/icons-react'
import { uiText } from '../text/ui.ts'
import { ButtonLink } from '../ui/link.tsx'
import { Page } from '../ui/page.tsx'
import { Empty } from '../ui/states.tsx'

export function NoSuchPage() {
  return (
    <Page title={uiText.page404}>
      <Empty
        title={uiText.page404}
        icon={IconMapOff}
        action={<ButtonLink to="/">{uiText.home}</ButtonLink>}
      >
        {uiText.page404Lead}
      </Empty>
    </Page>
  )
}
