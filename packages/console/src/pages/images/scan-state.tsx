import { cancelScan, readScan } from '@berth/api/scans.ts'
import { Alert, Button, Group, Progress, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useApiAction } from '../../api/queries.ts'
import { imageSecurityText } from '../../text/image-security.ts'
import { DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { notifyFault } from '../../ui/notify.ts'
import { SeverityCounts } from '../../ui/severity.tsx'
import { Show } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatCount } from '../../ui/units.ts'
import { useImage, useMayHere } from './image-context.ts'
import { type ImageScan, isUnderWay, useScan } from './scan.ts'

const text = imageSecurityText.scan

/** How the scan of the image stands, and by what it was judged. */
export function ScanState() {
  const scan = useScan()
  return (
    <Show of={scan}>
      {() => (
        <Stack gap="xs" component="section" aria-label={text.label} className="berth-panel" p="sm">
          {scan.scan === undefined ? (
            <Text size="sm">{text.states.none}</Text>
          ) : (
            <State scan={scan.scan} />
          )}
        </Stack>
      )}
    </Show>
  )
}

function State({ scan }: { scan: ImageScan }) {
  const isDone = scan.state === 'catalogued' && scan.matchedAt !== null
  return (
    <>
      <Group justify="space-between" gap="sm">
        <Group gap="sm" role="status">
          {isDone ? (
            <>
              <Text size="sm">{text.done(formatCount(scan.packages))}</Text>
              {scan.dataRevision > 0 && <SeverityCounts counts={scan.counts} />}
              <Text size="sm" className="berth-quiet">
                {text.judged} <Ago at={scan.matchedAt} />
                {scan.dataBuiltAt !== null && (
                  <>
                    {' '}
                    {text.data} <Ago at={scan.dataBuiltAt} />
                  </>
                )}
              </Text>
              {scan.distribution?.isEndOfLife === false && (
                <Text size="sm" className="berth-quiet">
                  <ForeignText
                    text={text.endsOn(scan.distribution.name, scan.distribution.endOfLife)}
                  />
                </Text>
              )}
            </>
          ) : (
            <Text size="sm">
              {text.states[scan.state]} {scan.reason !== null && <ForeignText text={scan.reason} />}
            </Text>
          )}
        </Group>
        <StopScan scan={scan} />
      </Group>
      {scan.progress && <ScanProgress progress={scan.progress} />}
      {isDone && scan.dataRevision === 0 && <Warning>{text.noData}</Warning>}
      {scan.distribution?.isEndOfLife === true && (
        <Warning>{text.endOfLife(scan.distribution.name)}</Warning>
      )}
      {scan.notCoveredCount > 0 && <NotCovered scan={scan} />}
    </>
  )
}

function StopScan({ scan }: { scan: ImageScan }) {
  const { repository, top } = useImage()
  const mayPush = useMayHere('push')
  const cancel = useApiAction(cancelScan, { changes: [readScan] })
  if (!mayPush || !isUnderWay(scan)) return null
  const params = { repository: repository.name, reference: top.digest }
  return (
    <Button
      size="xs"
      variant="default"
      loading={cancel.isPending}
      onClick={() => cancel.mutate({ params }, { onError: notifyFault })}
    >
      {text.cancel}
    </Button>
  )
}

function ScanProgress({ progress }: { progress: NonNullable<ImageScan['progress']> }) {
  const { layer, layers, bytes, totalBytes } = progress
  const label = text.progress(layer, layers)
  return (
    <div>
      <Text size="xs" className="berth-quiet">
        {label}
      </Text>
      <Progress
        value={totalBytes === 0 ? 0 : (bytes / totalBytes) * 100}
        aria-label={label}
        animated
      />
    </div>
  )
}

function Warning({ children, action }: { children: string; action?: ReactNode }) {
  return (
    <Alert color="yellow" p="xs" icon={<IconAlertTriangle size={16} aria-hidden />}>
      <Group gap="xs" justify="space-between">
        <Text size="sm">
          <ForeignText text={children} />
        </Text>
        {action}
      </Group>
    </Alert>
  )
}

function NotCovered({ scan: { notCovered, notCoveredCount } }: { scan: ImageScan }) {
  const [isShown, { toggle }] = useDisclosure(false)
  return (
    <>
      <Warning
        action={
          <Button size="compact-xs" variant="default" onClick={toggle} aria-expanded={isShown}>
            {isShown ? text.hidePlaces : text.showPlaces}
          </Button>
        }
      >
        {text.notCovered(formatCount(notCoveredCount))}
      </Warning>
      {isShown && (
        <DataTable
          label={text.place}
          rows={notCovered.map((each, position) => ({ ...each, position }))}
          rowKey={({ position }) => String(position)}
          empty={null}
          height="18rem"
          columns={[
            { id: 'path', title: text.place, cell: ({ path }) => <ForeignText text={path} /> },
            {
              id: 'reason',
              title: text.reason,
              cell: ({ reason }) => <ForeignText text={reason} />,
            },
          ]}
        />
      )}
    </>
  )
}
