import { readSignatures, verifySignatures } from '@berth/api/signatures.ts'
import { Button, Text } from '@mantine/core'
import { IconBan, IconCircleCheck } from '@tabler/icons-react'
import type * as z from 'zod'
import { useApi, useApiAction } from '../../api/queries.ts'
import { imageSecurityText } from '../../text/image-security.ts'
import { Badge } from '../../ui/badge.tsx'
import { Digest } from '../../ui/copy.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import { Section } from '../../ui/page.tsx'
import { Empty, Show } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { useImage, useMayHere } from './image-context.ts'
import classes from './images.module.css'
import { predicateWords } from './predicates.ts'

const text = imageSecurityText.trust

type Verdict = z.output<typeof readSignatures.answer>['items'][number]

/** Signatures and attestations of one manifest, those too that do not count. */
export function Signatures({ digest, title }: { digest: string; title: string }) {
  const { repository } = useImage()
  const mayPush = useMayHere('push')
  const params = { repository: repository.name, reference: digest }
  const signatures = useApi(readSignatures, { params })
  const verify = useApiAction(verifySignatures, { onDone: () => notifyDone(text.verified) })
  return (
    <Section
      title={title}
      lead={text.lead}
      actions={
        mayPush && (
          <Button
            size="xs"
            variant="default"
            loading={verify.isPending}
            onClick={() => verify.mutate({ params }, { onError: notifyFault })}
          >
            {text.verify}
          </Button>
        )
      }
    >
      <Show of={signatures}>
        {({ body: { signedBy, items } }) =>
          items.length === 0 ? (
            <Empty title={text.emptyTitle}>{text.empty}</Empty>
          ) : (
            <>
              <Text size="sm">
                {signedBy.length === 0 ? (
                  text.notSigned
                ) : (
                  <ForeignText text={text.signedBy(signedBy.join(', '))} />
                )}
              </Text>
              <VerdictTable title={title} verdicts={items} />
            </>
          )
        }
      </Show>
    </Section>
  )
}

// The two stand only where they say something.
const whyColumn: Column<Verdict> = {
  id: 'why',
  title: text.why,
  width: '26%',
  cell: ({ message }) => <ForeignText text={message} max={300} />,
}
const signedAtColumn: Column<Verdict> = {
  id: 'signedAt',
  title: text.signedAt,
  width: 130,
  cell: ({ signedAt }) => <Ago at={signedAt} />,
}

function VerdictTable({ title, verdicts }: { title: string; verdicts: readonly Verdict[] }) {
  return (
    <div className={`${classes.fixed} ${classes.wide}`}>
      <DataTable
        label={title}
        rows={verdicts}
        rowKey={({ source, position }) => `${source} ${position}`}
        empty={null}
        columns={[
          { id: 'what', title: text.what, cell: whatOf },
          {
            id: 'state',
            title: text.state,
            width: 120,
            cell: ({ state }) => <State state={state} />,
          },
          {
            id: 'identity',
            title: text.identity,
            cell: ({ identity }) =>
              identity === '' ? (
                <span className="berth-quiet">{text.nobody}</span>
              ) : (
                <ForeignText text={identity} max={120} />
              ),
          },
          ...(verdicts.some(({ message }) => message !== '') ? [whyColumn] : []),
          ...(verdicts.some(({ signedAt }) => signedAt !== null) ? [signedAtColumn] : []),
          {
            id: 'checkedAt',
            title: text.checkedAt,
            width: 130,
            cell: ({ verifiedAt }) => <Ago at={verifiedAt} />,
          },
          {
            id: 'source',
            title: text.source,
            width: 200,
            cell: ({ source }) => <Digest digest={source} />,
          },
        ]}
      />
    </div>
  )
}

function whatOf({ what, predicateType }: Verdict) {
  return (
    <div style={{ overflowWrap: 'anywhere' }}>
      {predicateWords(predicateType) ?? text.whats[what]}
      {predicateType !== '' && (
        <Text size="xs" className="berth-quiet">
          <ForeignText text={predicateType} max={120} />
        </Text>
      )}
    </div>
  )
}

function State({ state }: { state: Verdict['state'] }) {
  const isGood = state === 'verified'
  const Icon = isGood ? IconCircleCheck : IconBan
  return (
    <Badge color={isGood ? 'teal' : 'red'}>
      <Icon size={13} aria-hidden />
      {text.states[state]}
    </Badge>
  )
}
