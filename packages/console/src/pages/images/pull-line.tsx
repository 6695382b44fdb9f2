import { Box, Button, Group, Modal } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { imageText } from '../../text/images.ts'
import { CommandLine } from '../../ui/copy.tsx'
import { PullGuide } from '../../ui/pull-guide.tsx'
import { firstPullLine } from '../../ui/pull-lines.ts'
import { useImage } from './image-context.ts'

const text = imageText.pull

/** The line that most people want, and a way to those of other clients. */
export function PullLine() {
  const { repository, reference, top } = useImage()
  const [isOpen, { open, close }] = useDisclosure(false)
  const pulled = {
    repository: repository.name,
    kind: top.kind,
    artifactType: top.artifactType ?? top.config?.mediaType ?? null,
  }
  const first = firstPullLine({ ...pulled, reference })
  return (
    <Group gap="sm" className="berth-no-print">
      {first && (
        <Box flex="1 1 24rem" miw={0}>
          <CommandLine command={first.command} />
        </Box>
      )}
      <Button variant="default" onClick={open}>
        {text.other}
      </Button>
      <Modal opened={isOpen} onClose={close} title={text.title} size="lg">
        <PullGuide
          {...pulled}
          tag={reference.includes(':') ? top.tags[0] : reference}
          digest={top.digest}
        />
      </Modal>
    </Group>
  )
}
