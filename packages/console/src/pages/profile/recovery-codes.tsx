import { Button, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { secondFactorText as text } from '../../text/profile.ts'
import { uiText } from '../../text/ui.ts'
import { SecretOnce } from '../../ui/secret-once.tsx'

/** The recovery codes, to be copied or saved; they are shown once. */
export function RecoveryCodes({
  codes,
  onClose,
}: {
  codes: readonly string[] | undefined
  onClose: () => void
}) {
  const lines = codes?.join('\n')
  const save = () => {
    const url = URL.createObjectURL(new Blob([`${lines ?? ''}\n`], { type: 'text/plain' }))
    const link = document.createElement('a')
    link.href = url
    link.download = text.fileName
    link.click()
    URL.revokeObjectURL(url)
  }
  return (
    <SecretOnce title={text.codesTitle} label={text.codes} secret={lines} onClose={onClose}>
      <Text size="sm">{text.codesLead}</Text>
      <Button
        variant="default"
        leftSection={<IconDownload size={16} aria-hidden />}
        onClick={save}
        style={{ alignSelf: 'start' }}
      >
        {uiText.download}
      </Button>
    </SecretOnce>
  )
}
