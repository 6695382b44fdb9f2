import { listLayers } from '@berth/api/layers.ts'
import { Text } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { imageText } from '../../text/images.ts'
import { Section } from '../../ui/page.tsx'
import { Empty, Show } from '../../ui/states.tsx'
import { formatBytes } from '../../ui/units.ts'
import { ContentTable } from './content-table.tsx'
import { useImage } from './image-context.ts'
import { LayerTable } from './layer-table.tsx'
import { type Layer, stepsOf } from './steps.ts'

const text = imageText.layers

/** The layers of an image, or what an artifact carries. */
export default function Layers() {
  const { repository, image } = useImage()
  const isImage = image.kind === 'image'
  const layers = useApi(
    listLayers,
    { params: { repository: repository.name, reference: image.digest } },
    { isEnabled: isImage },
  )
  if (image.kind === 'index') return <Empty>{text.noLayersOfIndex}</Empty>
  if (!isImage) {
    return (
      <Section title={text.contents} lead={text.contentsLead}>
        <ContentTable layers={image.layers} />
      </Section>
    )
  }
  return (
    <Section title={text.title} lead={text.lead}>
      <Show of={layers}>
        {({ body }) => {
          const { steps, isMismatch } = stepsOf(body.items, image.image?.history ?? [])
          return (
            <>
              {isMismatch && <Text size="sm">{text.mismatch}</Text>}
              <LayerTable steps={steps} total={sizeOf(body.items)} />
              <Text size="sm" role="status">
                {sumOf(body.items)} {body.isTruncated && text.truncated}
              </Text>
            </>
          )
        }}
      </Show>
    </Section>
  )
}

/** Each digest once: a layer that stands twice is pulled once. */
function sizeOf(layers: readonly Layer[]): number {
  const sizes = new Map(layers.map(({ digest, size }) => [digest, size]))
  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}

function sumOf(layers: readonly Layer[]): string {
  const shared = layers.filter(({ repositories }) => repositories.count > 1)
  return text.sum(layers.length, formatBytes(sizeOf(layers)), formatBytes(sizeOf(shared)))
}
