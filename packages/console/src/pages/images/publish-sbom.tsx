import { listAttachedSboms, publishSbom } from '@berth/api/sboms.ts'
import { Button, Group, Menu } from '@mantine/core'
import { IconChevronDown, IconPaperclip } from '@tabler/icons-react'
import { useApiAction } from '../../api/queries.ts'
import { imageSecurityText } from '../../text/image-security.ts'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import { sbomDownloads } from './downloads.ts'
import { useImage, useMayHere } from './image-context.ts'

const text = imageSecurityText.packages

/** Takes the bill of materials away, or attaches it to the image for those who may push there. */
export function PublishSbom() {
  const { repository, image } = useImage()
  const mayPush = useMayHere('push')
  const publish = useApiAction(publishSbom, {
    changes: [listAttachedSboms],
    onDone: () => notifyDone(text.publishDone),
  })
  const attach = (format: 'spdx' | 'cyclonedx') => {
    const params = { repository: repository.name, reference: image.digest }
    publish.mutate({ params, body: { format } }, { onError: notifyFault })
  }
  return (
    <Group gap="xs">
      <Menu position="bottom-end" returnFocus>
        <Menu.Target>
          <Button size="xs" variant="default" rightSection={<IconChevronDown size={14} />}>
            {text.downloads}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {sbomDownloads(repository.name, image.digest).map(({ label, href }) => (
            <Menu.Item key={href} component="a" href={href} download>
              {label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {mayPush && (
        <Menu position="bottom-end" returnFocus>
          <Menu.Target>
            <Button
              size="xs"
              variant="default"
              loading={publish.isPending}
              leftSection={<IconPaperclip size={14} aria-hidden />}
            >
              {text.publish}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => attach('spdx')}>{text.formats.spdx}</Menu.Item>
            <Menu.Item onClick={() => attach('cyclonedx')}>{text.formats.cyclonedx}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </Group>
  )
}
