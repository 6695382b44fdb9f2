import {
  listExternalFindings,
  listExternalScans,
  requestExternalScan,
} from '@berth/api/scanners.ts'
import { Anchor, Button, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type * as z from 'zod'
import { useApi, useApiAction, useApiPages } from '../../api/queries.ts'
import { imageSecurityText } from '../../text/image-security.ts'
import { DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { notifyFault } from '../../ui/notify.ts'
import { Section } from '../../ui/page.tsx'
import { SeverityBadge, SeverityCounts } from '../../ui/severity.tsx'
import { Ago } from '../../ui/time.tsx'
import { externalReport } from './downloads.ts'
import { Version } from './finding-table.tsx'
import { useImage, useMayHere } from './image-context.ts'
import classes from './images.module.css'

const text = imageSecurityText.external
const findingText = imageSecurityText.findings
const pollMs = 2000
const pageSize = 100

type Scan = z.output<typeof listExternalScans.answer>['items'][number]

function isUnderWay({ state }: Scan): boolean {
  return state === 'waiting' || state === 'running'
}

/** What scanners beside Berth's own said; nothing where there are none. */
export function ExternalScans() {
  const { repository, image } = useImage()
  const mayPush = useMayHere('push')
  const [shown, setShown] = useState<string>()
  const params = { repository: repository.name, reference: image.digest }
  const { data } = useApi(listExternalScans, { params }, {}, ({ items }) =>
    items.some(isUnderWay) ? pollMs : false,
  )
  const ask = useApiAction(requestExternalScan)
  const scans = data?.body.items ?? []
  if (scans.length === 0) return null
  return (
    <Section title={text.title} lead={text.lead}>
      <DataTable
        label={text.title}
        rows={scans}
        rowKey={({ scanner, digest }) => `${scanner} ${digest}`}
        empty={null}
        columns={[
          {
            id: 'scanner',
            title: text.scanner,
            cell: ({ scanner, product }) => (
              <div>
                {scanner}
                {product !== null && (
                  <Text size="xs" className="berth-quiet">
                    <ForeignText text={product} max={100} />
                  </Text>
                )}
              </div>
            ),
          },
          { id: 'state', title: text.state, cell: (scan) => <State scan={scan} /> },
          {
            id: 'found',
            title: text.found,
            cell: ({ finishedAt, counts }) =>
              finishedAt !== null && <SeverityCounts counts={counts} />,
          },
          {
            id: 'report',
            title: text.report,
            cell: (scan) => (
              <Group gap="xs">
                {scan.finishedAt !== null && (
                  <>
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-expanded={shown === scan.scanner}
                      onClick={() => setShown(shown === scan.scanner ? undefined : scan.scanner)}
                    >
                      {shown === scan.scanner ? text.hide : text.show}
                    </Button>
                    <Anchor
                      size="sm"
                      href={externalReport(repository.name, image.digest, scan.scanner)}
                      download
                      aria-label={text.downloadOf(scan.scanner)}
                    >
                      {text.download}
                    </Anchor>
                  </>
                )}
                {mayPush && !isUnderWay(scan) && (
                  <Button
                    size="compact-xs"
                    variant="default"
                    loading={ask.isPending && ask.variables.body.scanner === scan.scanner}
                    aria-label={text.askOf(scan.scanner)}
                    onClick={() =>
                      ask.mutate(
                        { params, body: { scanner: scan.scanner } },
                        { onError: notifyFault },
                      )
                    }
                  >
                    {text.ask}
                  </Button>
                )}
              </Group>
            ),
          },
        ]}
      />
      {shown !== undefined && <ExternalFindings key={shown} scanner={shown} />}
    </Section>
  )
}

function State({ scan: { state, reason, generatedAt, isTruncated } }: { scan: Scan }) {
  return (
    <Stack gap={0}>
      <span>
        {text.states[state]} {state === 'done' && <Ago at={generatedAt} />}
      </span>
      {reason !== null && (
        <Text size="xs" component="span">
          <ForeignText text={reason} max={200} />
        </Text>
      )}
      {isTruncated && (
        <Text size="xs" className="berth-quiet">
          {text.truncated}
        </Text>
      )}
    </Stack>
  )
}

function ExternalFindings({ scanner }: { scanner: string }) {
  const { repository, image } = useImage()
  const findings = useApiPages(listExternalFindings, {
    params: { repository: repository.name, reference: image.digest, scanner },
    query: { limit: pageSize },
  })
  return (
    <div className={`${classes.fixed} ${classes.wide}`}>
      <DataTable
        label={text.showOf(scanner)}
        rows={findings.items}
        rowKey={({ vulnerability, package: name, version, path }) =>
          `${vulnerability} ${name} ${version} ${path}`
        }
        isLoading={findings.isPending}
        error={findings.error}
        onRetry={() => void findings.refetch()}
        hasMore={findings.hasNextPage}
        more={findings.more}
        empty={<Text size="sm">{text.none}</Text>}
        columns={[
          {
            id: 'vulnerability',
            title: findingText.vulnerability,
            cell: ({ vulnerability }) => <ForeignText text={vulnerability} max={100} />,
          },
          {
            id: 'severity',
            title: findingText.severity,
            width: 110,
            cell: ({ severity }) => <SeverityBadge severity={severity} />,
          },
          {
            id: 'score',
            title: findingText.score,
            width: 70,
            align: 'end',
            cell: ({ score }) => score?.toFixed(1),
          },
          {
            id: 'package',
            title: findingText.package,
            cell: ({ package: name }) => <ForeignText text={name} max={120} />,
          },
          {
            id: 'installed',
            title: findingText.installed,
            cell: ({ version }) => <Version version={version} />,
          },
          {
            id: 'fixed',
            title: findingText.fixed,
            cell: ({ fixedVersion }) => fixedVersion !== null && <Version version={fixedVersion} />,
          },
          {
            id: 'same',
            title: text.same,
            width: 110,
            cell: ({ isFoundByBerth }) => (isFoundByBerth ? text.sameYes : text.sameNo),
          },
        ]}
      />
    </div>
  )
}
