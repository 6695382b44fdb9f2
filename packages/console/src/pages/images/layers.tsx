import { listLayers } from '@berth/api/layers.ts'
import { Text } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { imageText } from '../../text/images.ts'
import { Section } from '../../ui/page.tsx'
import { Empty, Show } from '../../ui/states.tsx'
import { ContentTable } from './content-table.tsx'
import { useImage } from './image-context.ts'
import { LayerPicture } from './layer-picture.tsx'
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
              <LayerPicture layers={body.items} />
              <LayerTable steps={steps} largest={largestOf(body.items)} />
              {body.isTruncated && <Text size="sm">{text.truncated}</Text>}
            </>
          )
        }}
      </Show>
    </Section>
  )
}

function largestOf(layers: readonly Layer[]): number {
  return Math.max(0, ...layers.map(({ size }) => size))
}
