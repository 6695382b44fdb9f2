import { listLayerFiles } from '@berth/api/layers.ts'
import { Progress, Stack, Text } from '@mantine/core'
import { useApi, useApiPages } from '../../api/queries.ts'
import { imageText } from '../../text/images.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Empty, Show } from '../../ui/states.tsx'
import { formatBytes, formatCount, formatShare } from '../../ui/units.ts'
import { DirectoryLink } from './directory-link.tsx'
import { FileTable } from './file-table.tsx'
import { useImage } from './image-context.ts'

const text = imageText.files
const pollMs = 700
const pageSize = 200

/** A directory of a layer. The first look at a layer has Berth read it, which is waited for. */
export function LayerFiles({ digest, path }: { digest: string; path: string }) {
  const { repository } = useImage()
  const params = { repository: repository.name, digest }
  const layer = useApi(listLayerFiles, { params, query: { limit: 1 } }, {}, ({ state }) =>
    state === 'reading' ? pollMs : false,
  )
  const isReady = layer.data?.body.state === 'ready'
  const files = useApiPages(
    listLayerFiles,
    { params, query: { path, limit: pageSize } },
    { isEnabled: isReady },
  )
  return (
    <Show of={layer}>
      {({ body }) => {
        if (body.state === 'reading') return <Reading progress={body.progress} />
        if (body.state === 'failed') {
          return (
            <Empty title={text.failedTitle}>
              <ForeignText text={body.reason ?? text.failed} />
            </Empty>
          )
        }
        return (
          <Stack gap="sm">
            <Place path={path} />
            <FileTable files={files} path={path} whole={body.size} />
            <Text size="sm" className="berth-quiet">
              {text.sum(formatCount(body.files), formatBytes(body.size))}
            </Text>
          </Stack>
        )
      }}
    </Show>
  )
}

function Reading({ progress }: { progress: { bytes: number; totalBytes: number } | null }) {
  const share = progress && progress.totalBytes > 0 ? progress.bytes / progress.totalBytes : 0
  return (
    <Stack gap={6} p="md" className="berth-panel" role="status">
      <Text size="sm">
        {text.reading}
        {share > 0 && `: ${text.readingShare(formatShare(share))}`}
      </Text>
      <Progress value={share * 100} aria-label={text.reading} animated />
    </Stack>
  )
}

/** The directories above the one that is shown, each a link. */
function Place({ path }: { path: string }) {
  const steps = path === '' ? [] : path.split('/')
  return (
    <Text component="nav" aria-label={text.path} size="sm" style={{ overflowWrap: 'anywhere' }}>
      {steps.length === 0 ? (
        <span aria-current="page">{text.root}</span>
      ) : (
        <DirectoryLink path="">{text.root}</DirectoryLink>
      )}
      {steps.map((step, index) => {
        const isLast = index === steps.length - 1
        const name = <ForeignText text={step} max={200} />
        return (
          <span key={index}>
            {' / '}
            {isLast ? (
              <span aria-current="page">{name}</span>
            ) : (
              <DirectoryLink path={steps.slice(0, index + 1).join('/')}>{name}</DirectoryLink>
            )}
          </span>
        )
      })}
    </Text>
  )
}
