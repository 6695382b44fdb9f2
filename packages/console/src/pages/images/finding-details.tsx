import { Anchor, List, Stack, Title } from '@mantine/core'
import { useState } from 'react'
import { imageSecurityText } from '../../text/image-security.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { KeyValues } from '../../ui/key-values.tsx'
import { OutLink } from '../../ui/page.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatCount } from '../../ui/units.ts'
import { dueKey, useDueDates } from './due-dates.ts'
import type { Finding } from './finding-key.ts'
import { DueDay, Version } from './finding-table.tsx'
import { LayerLink } from './layer-link.tsx'
import { useLayersByDiffId } from './layer-positions.ts'

const text = imageSecurityText.finding
const fixStates = imageSecurityText.findings.fixStates
const referencesShown = 8

/** What is known of a finding, and where it comes from. */
export function FindingDetails({ finding }: { finding: Finding }) {
  const { package: found, fixedVersion, fixState, aliases, cwes, advisories } = finding
  const due = useDueDates().get(dueKey(finding))
  const layers = useLayersByDiffId()
  const layer = found.layer === null ? undefined : layers.get(found.layer)
  return (
    <>
      <KeyValues
        items={[
          [text.inPackage, <ForeignText key="p" text={`${found.kind}:${found.name}`} />],
          [text.version, <Version key="v" version={found.version} />],
          [
            text.fixed,
            fixedVersion === null ? fixStates[fixState] : <Version version={fixedVersion} />,
          ],
          [text.due, due && <DueDay due={due} />],
          [text.source, found.source !== null && <ForeignText text={found.source} />],
          [
            text.layer,
            layer ? <LayerLink layer={layer} /> : found.layer === null && text.unknownLayer,
          ],
          [text.paths, found.paths.length > 0 && <Lines texts={found.paths} />],
          [text.firstSeen, finding.firstSeenAt !== null && <Ago at={finding.firstSeenAt} />],
          [text.published, finding.published !== null && <Ago at={finding.published} />],
          [
            text.fixAvailable,
            finding.fixAvailableAt !== null && <Ago at={finding.fixAvailableAt} />,
          ],
          [
            text.scores,
            finding.scores.length > 0 && <Lines texts={finding.scores.map(scoreWords)} />,
          ],
          [text.aliases, aliases.length > 0 && <ForeignText text={aliases.join(', ')} />],
          [text.cwes, cwes.length > 0 && <Weaknesses cwes={cwes} />],
          [
            text.advisories,
            advisories.length > 0 && (
              <Lines texts={advisories.map(({ id, source }) => `${id} (${source})`)} />
            ),
          ],
        ].map(([name, value]) => [name as string, value === false ? null : value])}
      />
      <References references={finding.references} />
    </>
  )
}

function scoreWords({ source, version, vector, score, isEstimated }: Finding['scores'][number]) {
  const parts = [`${score.toFixed(1)} ${source}`, version === null ? '' : `CVSS ${version}`, vector]
  return [...parts, isEstimated ? text.estimated : ''].filter(Boolean).join(' · ')
}

function Lines({ texts }: { texts: readonly string[] }) {
  return (
    <Stack gap={2}>
      {texts.map((each, index) => (
        <span key={index} className="berth-mono" style={{ overflowWrap: 'anywhere' }}>
          <ForeignText text={each} max={300} />
        </span>
      ))}
    </Stack>
  )
}

function Weaknesses({ cwes }: { cwes: readonly string[] }) {
  return cwes.map((cwe, index) => {
    const number = /^CWE-(\d{1,6})$/.exec(cwe)?.[1]
    return (
      <span key={cwe}>
        {index > 0 && ', '}
        {number === undefined ? (
          <ForeignText text={cwe} max={60} />
        ) : (
          <OutLink href={`https://cwe.mitre.org/data/definitions/${number}.html`}>{cwe}</OutLink>
        )}
      </span>
    )
  })
}

function References({ references }: { references: readonly string[] }) {
  const [isWhole, setWhole] = useState(false)
  if (references.length === 0) return null
  const shown = isWhole ? references : references.slice(0, referencesShown)
  return (
    <Stack gap={4}>
      <Title order={3} size="h5">
        {text.references}
      </Title>
      <List size="sm" style={{ overflowWrap: 'anywhere' }}>
        {shown.map((reference, index) => (
          <List.Item key={index}>
            <OutLink href={reference}>{reference.slice(0, 300)}</OutLink>
          </List.Item>
        ))}
      </List>
      {shown.length < references.length && (
        <Anchor component="button" type="button" size="sm" onClick={() => setWhole(true)}>
          {text.showAllReferences(formatCount(references.length))}
        </Anchor>
      )}
    </Stack>
  )
}
