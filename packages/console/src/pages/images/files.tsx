import { listLayers } from '@berth/api/layers.ts'
import { NativeSelect } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { imageText } from '../../text/images.ts'
import { readable } from '../../ui/build-instruction.ts'
import { useFilters } from '../../ui/filters.ts'
import { visible } from '../../ui/foreign-text.tsx'
import { Section } from '../../ui/page.tsx'
import { Empty, Show } from '../../ui/states.tsx'
import { formatBytes } from '../../ui/units.ts'
import { useImage } from './image-context.ts'
import { LayerFiles } from './layer-files.tsx'
import type { Layer } from './steps.ts'

const text = imageText.files
const instructionMax = 80

/** The files of one layer; which layer and which directory stand in the address. */
export default function Files() {
  const { repository, image } = useImage()
  const isImage = image.kind === 'image'
  const layers = useApi(
    listLayers,
    { params: { repository: repository.name, reference: image.digest } },
    { isEnabled: isImage },
  )
  if (!isImage) return <Empty title={text.unavailableTitle}>{text.unavailable}</Empty>
  return (
    <Section title={text.title} lead={text.lead}>
      <Show of={layers}>
        {({ body }) => {
          const stored = body.items.filter(({ isStored }) => isStored)
          return stored.length === 0 ? (
            <Empty title={text.unavailableTitle}>{text.emptyLayer}</Empty>
          ) : (
            <ChosenLayer layers={stored} />
          )
        }}
      </Show>
    </Section>
  )
}

function ChosenLayer({ layers }: { layers: readonly Layer[] }) {
  const [filters, setFilters] = useFilters()
  // What was made last is what most people look for.
  const chosen = layers.find(({ digest }) => digest === filters.layer) ?? layers.at(-1)
  if (!chosen) return null
  return (
    <>
      <NativeSelect
        label={text.layer}
        data={layers.map((layer) => ({ value: layer.digest, label: visible(labelOf(layer)) }))}
        value={chosen.digest}
        onChange={({ currentTarget }) =>
          setFilters({ layer: currentTarget.value, path: undefined })
        }
        maw={720}
      />
      <LayerFiles key={chosen.digest} digest={chosen.digest} path={filters.path ?? ''} />
    </>
  )
}

function labelOf({ position, size, createdBy }: Layer): string {
  const instruction = createdBy === null ? text.noInstruction : readable(createdBy)
  const cut =
    instruction.length > instructionMax ? `${instruction.slice(0, instructionMax)}…` : instruction
  return text.layerOption(position, formatBytes(size), cut)
}
