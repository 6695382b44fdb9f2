import { Button, Menu } from '@mantine/core'
import {
  IconChevronDown,
  IconDownload,
  IconSearch,
  IconSignature,
  IconTag,
  IconTrash,
} from '@tabler/icons-react'
import { useState } from 'react'
import { imageText } from '../../text/images.ts'
import { DeleteImage, DeleteTag } from './delete-dialogs.tsx'
import { reportDownloads, sbomDownloads } from './downloads.ts'
import { useImage, useMayHere } from './image-context.ts'
import { chosenOf, choicesOf } from './platforms.ts'
import { useScan, useScanNow } from './scan.ts'
import { SignDialog } from './sign-dialog.tsx'

const text = imageText.actions

type Dialog = 'sign' | 'deleteTag' | 'deleteImage'

/** What can be done with the image; only what the caller may do is offered. */
export function ImageActions() {
  const { reference, top } = useImage()
  const [dialog, setDialog] = useState<Dialog>()
  const mayPush = useMayHere('push')
  const maySign = useMayHere('signImages') && mayPush
  const mayDelete = useMayHere('delete')
  const mayDeleteTag = useMayHere('deleteTag') && !reference.includes(':')
  const isImage = top.kind === 'image' || top.kind === 'index'
  const close = () => setDialog(undefined)
  return (
    <>
      {isImage && mayPush && <ScanButton />}
      {isImage && <DownloadMenu />}
      {(maySign || mayDelete || mayDeleteTag) && (
        <Menu position="bottom-end" returnFocus>
          <Menu.Target>
            <Button variant="default" rightSection={<IconChevronDown size={15} aria-hidden />}>
              {text.more}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {maySign && (
              <Menu.Item
                leftSection={<IconSignature size={15} aria-hidden />}
                onClick={() => setDialog('sign')}
              >
                {text.sign}
              </Menu.Item>
            )}
            {mayDeleteTag && (
              <Menu.Item
                leftSection={<IconTag size={15} aria-hidden />}
                onClick={() => setDialog('deleteTag')}
              >
                {text.deleteTag}
              </Menu.Item>
            )}
            {mayDelete && (
              <Menu.Item
                leftSection={<IconTrash size={15} aria-hidden />}
                onClick={() => setDialog('deleteImage')}
              >
                {text.deleteImage}
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
      {maySign && <SignDialog isOpen={dialog === 'sign'} onClose={close} />}
      {mayDeleteTag && <DeleteTag isOpen={dialog === 'deleteTag'} onClose={close} />}
      {mayDelete && <DeleteImage isOpen={dialog === 'deleteImage'} onClose={close} />}
    </>
  )
}

function ScanButton() {
  const { scan, isRunning } = useScan()
  const { scanNow, isBusy } = useScanNow()
  if (scan?.state === 'unsupported') return null
  return (
    <Button
      variant="default"
      leftSection={<IconSearch size={15} aria-hidden />}
      loading={isBusy || isRunning}
      onClick={() => scanNow()}
    >
      {text.scan}
    </Button>
  )
}

/** Of an index what the chosen platform holds: each download is of one image. */
function DownloadMenu() {
  const { repository, top, platform } = useImage()
  const { scans } = useScan()
  const digest = chosenOf(choicesOf(top), platform)?.digest ?? top.digest
  const isScanned = scans.some((scan) => scan.digest === digest && scan.cataloguedAt !== null)
  const downloads = [
    ...sbomDownloads(repository.name, digest),
    ...reportDownloads(repository.name, digest),
  ]
  return (
    <Menu position="bottom-end" returnFocus>
      <Menu.Target>
        <Button
          variant="default"
          leftSection={<IconDownload size={15} aria-hidden />}
          rightSection={<IconChevronDown size={15} aria-hidden />}
        >
          {text.download}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {isScanned ? (
          downloads.map(({ label, href }) => (
            <Menu.Item key={href} component="a" href={href} download>
              {label}
            </Menu.Item>
          ))
        ) : (
          <Menu.Label c="var(--berth-quiet)">{text.notScanned}</Menu.Label>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
