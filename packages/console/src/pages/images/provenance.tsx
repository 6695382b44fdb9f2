import { readProvenance } from '@berth/api/signatures.ts'
import { Button, Group, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import type * as z from 'zod'
import { useApi } from '../../api/queries.ts'
import { imageSecurityText } from '../../text/image-security.ts'
import { Badge } from '../../ui/badge.tsx'
import { Digest } from '../../ui/copy.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { KeyValues } from '../../ui/key-values.tsx'
import { OutLink, Section } from '../../ui/page.tsx'
import { Empty, Fault, Show } from '../../ui/states.tsx'
import { Moment } from '../../ui/time.tsx'
import { formatCount, formatSpan } from '../../ui/units.ts'
import { useImage } from './image-context.ts'
import classes from './images.module.css'

const text = imageSecurityText.provenance
const colors = { verified: 'teal', unsigned: 'amber', refused: 'red' } as const

type Provenance = z.output<typeof readProvenance.answer>['items'][number]
type Build = NonNullable<Provenance['build']>

/** How the image was built. What BuildKit says of it stands in the index that it was pushed with. */
export function ProvenanceSection() {
  const { repository, top, image } = useImage()
  const of = (reference: string) => ({ params: { repository: repository.name, reference } })
  const isPart = image.digest !== top.digest
  const ofTop = useApi(readProvenance, of(top.digest))
  const ofImage = useApi(readProvenance, of(image.digest), { isEnabled: isPart })
  // Both are one where the image is no part of an index.
  const items = (isPart ? [ofImage, ofTop] : [ofTop])
    .flatMap(({ data }) => data?.body.items ?? [])
    .filter(({ subject }) => subject === top.digest || subject === image.digest)
  const isComplete = !isPart || ofImage.data !== undefined
  return (
    <Section title={text.title} lead={text.lead}>
      <Show of={ofTop}>
        {() => (
          <Stack gap="sm">
            {ofImage.error && (
              <Fault error={ofImage.error} onRetry={() => void ofImage.refetch()} />
            )}
            {isComplete && items.length === 0 && (
              <Empty title={text.emptyTitle}>{text.empty}</Empty>
            )}
            {items.map((item, position) => (
              <Stated
                key={`${item.source} ${position}`}
                provenance={item}
                isOfIndex={isPart && item.subject === top.digest}
              />
            ))}
          </Stack>
        )}
      </Show>
    </Section>
  )
}

function Stated({ provenance, isOfIndex }: { provenance: Provenance; isOfIndex: boolean }) {
  const { state, identity, message, source, predicateType, build } = provenance
  return (
    <Stack gap="sm" className="berth-panel" p="md">
      <Group gap="xs">
        <Badge color={colors[state]}>{text.states[state]}</Badge>
        <Text size="sm" component="div">
          {state === 'verified' ? (
            <ForeignText text={text.notes.verified(identity)} max={200} />
          ) : (
            text.notes[state]
          )}
          {isOfIndex && ` (${text.ofIndex})`}
        </Text>
      </Group>
      {message !== '' && (
        <Text size="sm" component="div">
          <ForeignText text={message} />
        </Text>
      )}
      <KeyValues
        items={[
          ...(build ? wordsOf(build) : []),
          [text.type, <ForeignText key="type" text={predicateType} max={200} />],
          [text.carrier, <Digest key="source" digest={source} />],
        ]}
      />
      {build && build.materialCount > 0 && <Materials build={build} />}
    </Stack>
  )
}

function wordsOf(build: Build): (readonly [string, ReactNode])[] {
  const { source, startedOn, finishedOn } = build
  const took = startedOn !== null && finishedOn !== null && spanOf(startedOn, finishedOn)
  return [
    [text.source, source && <Place uri={source.uri} />],
    [
      text.commit,
      source !== null && source.digest !== '' && (
        <span className="berth-mono">
          <ForeignText text={source.digest} max={120} />
        </span>
      ),
    ],
    [text.entryPoint, build.entryPoint !== '' && <ForeignText text={build.entryPoint} max={200} />],
    [text.builder, build.builder !== '' && <Place uri={build.builder} />],
    [text.buildType, build.buildType !== '' && <Place uri={build.buildType} />],
    [text.invocation, build.invocation !== '' && <Place uri={build.invocation} />],
    [text.started, startedOn !== null && <Moment at={startedOn} />],
    [text.took, took],
  ]
}

/** Nothing for a build that ends before it begins. */
function spanOf(from: string, to: string): string | undefined {
  const milliseconds = Date.parse(to) - Date.parse(from)
  return milliseconds >= 0 ? formatSpan(milliseconds) : undefined
}

/** An address is a link, any other only a text; GitHub names a revision behind `@`, which is no part of the address. */
function Place({ uri }: { uri: string }) {
  if (uri.length > 200) return <ForeignText text={uri} max={200} />
  return <OutLink href={uri.replace(/@refs\/.*$/, '')}>{uri}</OutLink>
}

function Materials({ build: { materials, materialCount } }: { build: Build }) {
  const [isOpen, setOpen] = useState(false)
  const more = materialCount - materials.length
  return (
    <Stack gap="xs">
      <Button
        size="compact-sm"
        variant="default"
        aria-expanded={isOpen}
        style={{ alignSelf: 'flex-start' }}
        onClick={() => setOpen(!isOpen)}
      >
        {isOpen ? text.hideMaterials : text.showMaterials(formatCount(materialCount))}
      </Button>
      {isOpen && (
        <div className={`${classes.fixed} ${classes.wide}`}>
          <DataTable
            label={text.materials}
            rows={materials.map((material, position) => ({ ...material, position }))}
            rowKey={({ position }) => String(position)}
            empty={null}
            columns={[
              {
                id: 'material',
                title: text.material,
                cell: ({ uri }) => <ForeignText text={uri} max={200} />,
              },
              {
                id: 'digest',
                title: text.digest,
                cell: ({ digest }) => (
                  <span className="berth-mono">
                    <ForeignText text={digest} max={80} />
                  </span>
                ),
              },
            ]}
          />
          {more > 0 && <Text size="sm">{text.moreMaterials(formatCount(more))}</Text>}
        </div>
      )}
    </Stack>
  )
}
