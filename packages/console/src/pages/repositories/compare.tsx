import { Group, Stack, Text } from '@mantine/core'
import { repositoryText } from '../../text/repositories.ts'
import { useFilters } from '../../ui/filters.ts'
import { Empty, Fault, Lines } from '../../ui/states.tsx'
import { CompareConfiguration } from './compare-configuration.tsx'
import { CompareFindings } from './compare-findings.tsx'
import { CompareLayers } from './compare-layers.tsx'
import { CompareNewest } from './compare-newest.tsx'
import { CompareOverview } from './compare-overview.tsx'
import { ComparePackages } from './compare-packages.tsx'
import { ComparePickers } from './compare-pickers.tsx'
import { platformsOf, useCompared } from './compared.ts'

const text = repositoryText.compare

/** What is different between two images of the repository: which two stand in the address. */
export default function RepositoryCompare() {
  const [filters] = useFilters()
  const { from = '', to = '', platform } = filters
  const before = useCompared(from, platform)
  const after = useCompared(to, platform)
  const platforms = [...new Set([...platformsOf(before), ...platformsOf(after)])]
  return (
    <Stack gap="lg">
      <Stack gap="xs">
        <Text size="sm" className="berth-quiet">
          {text.lead}
        </Text>
        <ComparePickers platforms={platforms} />
      </Stack>
      {from === '' || to === '' ? (
        <Empty title={text.pickTitle} action={<CompareNewest />}>
          {text.pick}
        </Empty>
      ) : (
        <Compared before={before} after={after} />
      )}
    </Stack>
  )
}

type Side = ReturnType<typeof useCompared>

function Compared({ before, after }: { before: Side; after: Side }) {
  const broken = [before, after].filter(({ error }) => error !== null)
  if (broken.length > 0) {
    return (
      <Stack>
        {broken.map(({ reference, error, refetch }) => (
          <Stack key={reference} gap="xs">
            <Group className="berth-mono">{reference}</Group>
            {error && <Fault error={error} onRetry={refetch} />}
          </Stack>
        ))}
      </Stack>
    )
  }
  if (!before.image || !after.image) return <Lines count={10} />
  const notImage = [before, after].find(({ image }) => image?.manifest.kind !== 'image')
  if (notImage) {
    return <Empty title={text.notImageTitle}>{text.notImage(notImage.reference)}</Empty>
  }
  const pair = { before: before.image, after: after.image }
  if (pair.before.manifest.digest === pair.after.manifest.digest) {
    return <Empty title={text.same} />
  }
  return (
    <Stack gap="xl">
      <CompareOverview {...pair} />
      <CompareLayers {...pair} />
      <CompareConfiguration {...pair} />
      <ComparePackages {...pair} />
      <CompareFindings {...pair} />
    </Stack>
  )
}
