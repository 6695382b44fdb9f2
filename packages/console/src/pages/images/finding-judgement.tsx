import { Button, Group, Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { imageSecurityText } from '../../text/image-security.ts'
import { securityText } from '../../text/security.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import { Ago } from '../../ui/time.tsx'
import { ExceptionDialog } from './exception-dialog.tsx'
import type { Finding } from './finding-key.ts'
import { useMayHere } from './image-context.ts'
import {
  type Exception,
  type Statement,
  useExceptions,
  useJudging,
  useStatements,
} from './judgements.ts'
import { VexDialog } from './vex-dialog.tsx'

const text = imageSecurityText.finding
const words = securityText.statements

/** Who judged a finding and how; with what the caller may say of it. */
export function FindingJudgement({ finding }: { finding: Finding }) {
  const { suppressed } = finding
  const [dialog, setDialog] = useState<'vex' | 'exception'>()
  const mayJudge = useMayHere('judgeFindings')
  const mayExcept = useMayHere('managePolicy')
  const statements = useStatements(finding)
  const exceptions = useExceptions(finding)
  const close = () => setDialog(undefined)
  return (
    <Stack gap="xs" component="section" aria-label={text.judgement}>
      <Title order={3} size="h5">
        {text.judgement}
      </Title>
      {suppressed ? (
        <Text size="sm" component="div">
          <ForeignText
            text={text.judgedBy(suppressed.author, words.statuses[suppressed.status])}
            max={300}
          />{' '}
          <Ago at={suppressed.at} />
          <Reasons justification={suppressed.justification} statement={suppressed.statement} />
        </Text>
      ) : (
        <Text size="sm">{text.noJudgement}</Text>
      )}
      {statements.length > 0 && (
        <Entries title={text.statements}>
          {statements.map((each) => (
            <StatementEntry key={each.id} statement={each} mayJudge={mayJudge} />
          ))}
        </Entries>
      )}
      {exceptions.length > 0 && (
        <Entries title={text.exceptions}>
          {exceptions.map((each) => (
            <ExceptionEntry key={each.id} exception={each} mayExcept={mayExcept} />
          ))}
        </Entries>
      )}
      <Group gap="xs">
        {mayJudge && (
          <Button size="xs" variant="default" onClick={() => setDialog('vex')}>
            {text.judge}
          </Button>
        )}
        {mayExcept && (
          <Button size="xs" variant="default" onClick={() => setDialog('exception')}>
            {text.except}
          </Button>
        )}
      </Group>
      {mayJudge && <VexDialog finding={finding} isOpen={dialog === 'vex'} onClose={close} />}
      {mayExcept && (
        <ExceptionDialog finding={finding} isOpen={dialog === 'exception'} onClose={close} />
      )}
    </Stack>
  )
}

function Entries({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap={6}>
      <Text size="sm" fw={600}>
        {title}
      </Text>
      {children}
    </Stack>
  )
}

function StatementEntry({ statement, mayJudge }: { statement: Statement; mayJudge: boolean }) {
  const { takeBack } = useJudging()
  const { status, author, createdAt, repository, image, project } = statement
  const scope = image !== null ? imageSecurityText.vexDialog.scopes.image : repository
  return (
    <Entry
      action={text.takeBack}
      isOffered={mayJudge}
      onAction={async () => {
        await takeBack(statement)
        notifyDone(text.takenBack)
      }}
    >
      <ForeignText
        text={`${words.statuses[status]} · ${author} · ${scope ?? text.scopeProject(project)}`}
        max={300}
      />{' '}
      <Ago at={createdAt} />
      <Reasons justification={statement.justification} statement={statement.statement} />
    </Entry>
  )
}

function ExceptionEntry({ exception, mayExcept }: { exception: Exception; mayExcept: boolean }) {
  const { end } = useJudging()
  const { author, reason, endsAt, repositories } = exception
  return (
    <Entry
      action={text.end}
      isOffered={mayExcept}
      onAction={async () => {
        await end(exception)
        notifyDone(text.ended)
      }}
    >
      <ForeignText text={`${author} · ${repositories} · ${reason}`} max={300} /> {text.until}{' '}
      <Ago at={endsAt} />
    </Entry>
  )
}

function Entry({
  action,
  isOffered,
  onAction,
  children,
}: {
  action: string
  isOffered: boolean
  onAction: () => Promise<unknown>
  children: ReactNode
}) {
  const [isBusy, setBusy] = useState(false)
  const act = async () => {
    setBusy(true)
    try {
      await onAction()
    } catch (error) {
      notifyFault(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start" className="berth-panel" p="xs">
      <Text size="sm" component="div" style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
      {isOffered && (
        <Button
          size="compact-xs"
          variant="default"
          loading={isBusy}
          onClick={() => void act()}
          flex="none"
        >
          {action}
        </Button>
      )}
    </Group>
  )
}

function Reasons({
  justification,
  statement,
}: {
  justification: string | null
  statement: string | null
}) {
  const known: Readonly<Record<string, string>> = words.justifications
  return (
    <>
      {justification !== null && (
        <div className="berth-quiet">
          <ForeignText text={known[justification] ?? justification} max={200} />
        </div>
      )}
      {statement !== null && (
        <div style={{ whiteSpace: 'pre-wrap' }}>
          <ForeignText text={statement} />
        </div>
      )}
    </>
  )
}
