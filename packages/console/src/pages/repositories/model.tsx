import type { ClientAnswer } from '@berth/api/client.ts'
import type { readManifest } from '@berth/api/manifests.ts'
import { Stack } from '@mantine/core'
import { repositoryText } from '../../text/repositories.ts'
import { artifactKind } from '../../ui/artifact-kind.ts'
import { Digest } from '../../ui/copy.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { Facts } from '../../ui/facts.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { layerName } from '../../ui/layer-name.ts'
import { PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatBytes, formatCount } from '../../ui/units.ts'
import { useRepository } from './repository-context.ts'
import { useNewest } from './use-newest.ts'

const text = repositoryText.model

type Manifest = ClientAnswer<typeof readManifest>['body']
type File = Manifest['layers'][number] & { readonly position: number }

/** What the model says of itself that was pushed last: the place of its card. Nothing where no model was pushed. */
export function Model() {
  const { repository } = useRepository()
  const { tag, top } = useNewest()
  const manifest = top.data?.body
  if (!tag || !manifest || !isModel(manifest)) return null
  const { annotations, layers } = manifest
  const weights = layers.filter(isWeight)
  return (
    <Section title={text.title} lead={text.lead}>
      <Stack gap="md" className="berth-panel" p="md">
        <Facts
          items={[
            [
              text.tag,
              <PageLink
                key="tag"
                to="/repositories/$repository/images/$reference"
                params={{ repository: repository.name, reference: tag.name }}
              >
                <bdi>{tag.name}</bdi>
              </PageLink>,
            ],
            [text.format, formatOf(weights)],
            [
              text.weights,
              weights.length > 0 && formatBytes(weights.reduce((sum, { size }) => sum + size, 0)),
            ],
            [text.files, formatCount(layers.length)],
            [text.pushed, <Ago key="pushed" at={tag.updatedAt} />],
            [text.licence, said(annotations['org.opencontainers.image.licenses'])],
            [text.authors, said(annotations['org.opencontainers.image.authors'])],
            [text.source, said(annotations['org.opencontainers.image.source'])],
          ]}
        />
      </Stack>
      <DataTable
        label={text.filesTable}
        columns={columns}
        rows={layers.map((layer, position) => ({ ...layer, position }))}
        rowKey={({ position }) => String(position)}
        empty={text.noFiles}
        height="24rem"
      />
    </Section>
  )
}

function isModel({ artifactType, config }: Manifest): boolean {
  return artifactKind(artifactType ?? config?.mediaType) === 'model'
}

function isWeight({ mediaType }: Manifest['layers'][number]): boolean {
  return /weight(?!\.config)|gguf|safetensors|image\.model$/.test(mediaType)
}

/** As the names of the files or their types tell; `undefined`: they do not. */
function formatOf(weights: Manifest['layers']): string | undefined {
  const told = weights.map(({ mediaType, annotations }) => {
    return `${layerName(annotations) ?? ''} ${mediaType}`.toLowerCase()
  })
  const formats = Object.entries(text.formats).filter(([mark]) =>
    told.some((each) => each.includes(mark)),
  )
  return formats.length === 0 ? undefined : formats.map(([, name]) => name).join(', ')
}

function said(value: string | undefined) {
  return value !== undefined && value !== '' && <ForeignText text={value} max={200} />
}

const columns: readonly Column<File>[] = [
  {
    id: 'name',
    title: text.name,
    cell: ({ annotations, position }) => (
      <ForeignText text={layerName(annotations) ?? text.unnamed(position + 1)} max={200} />
    ),
  },
  {
    id: 'type',
    title: text.type,
    cell: ({ mediaType }) => <ForeignText text={mediaType} max={120} />,
  },
  {
    id: 'size',
    title: repositoryText.size,
    align: 'end',
    cell: ({ size }) => formatBytes(size),
  },
  { id: 'digest', title: text.digest, cell: ({ digest }) => <Digest digest={digest} /> },
]
