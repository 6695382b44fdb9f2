import { Button, Modal } from '@mantine/core'
import { trustText as text } from '../text/trust.ts'
import { CommandLine } from '../ui/copy.tsx'

/** The public half of a key, to be copied. */
export function PublicKey({
  shown,
  onClose,
}: {
  shown: { readonly name: string; readonly publicKey: string } | undefined
  onClose: () => void
}) {
  return (
    <Modal
      opened={shown !== undefined}
      onClose={onClose}
      title={text.publicTitle(shown?.name ?? '')}
      size="lg"
    >
      <CommandLine label={text.publicLead} command={shown?.publicKey ?? ''} />
    </Modal>
  )
}

export function ShowKey({ name, onClick }: { name: string; onClick: () => void }) {
  return (
    <Button size="compact-xs" variant="default" aria-label={text.showKey(name)} onClick={onClick}>
      {text.show}
    </Button>
  )
}
