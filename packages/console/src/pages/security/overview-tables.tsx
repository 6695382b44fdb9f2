import type { readFindingsOverview } from '@berth/api/findings.ts'
import type * as z from 'zod'
import { securityText } from '../../text/security.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText, visible } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { SeverityCounts } from '../../ui/severity.tsx'
import { Empty } from '../../ui/states.tsx'
import { formatCount } from '../../ui/units.ts'
import { ImageLink } from './finding-cells.tsx'
import { type Scope, scopeSearch } from './scope.tsx'

type Overview = z.output<typeof readFindingsOverview.answer>
type Image = Overview['worst'][number]
type Upgrade = Overview['upgrades'][number]
const text = securityText.overview
const { columns } = securityText
const height = '26rem'

const imageColumns: readonly Column<Image>[] = [
  {
    id: 'image',
    title: columns.image,
    cell: ({ repository, digest, tags }) => (
      <ImageLink repository={repository} digest={digest} tags={tags} isLong />
    ),
  },
  {
    id: 'platform',
    title: columns.platform,
    cell: ({ platform }) => platform !== null && <ForeignText text={platform} max={60} />,
  },
  {
    id: 'findings',
    title: columns.findings,
    cell: ({ counts }) => <SeverityCounts counts={counts} />,
  },
  {
    id: 'score',
    title: columns.score,
    align: 'end',
    cell: ({ worstScore }) => worstScore.toFixed(1),
  },
]

export function WorstImages({ worst }: { worst: readonly Image[] }) {
  return (
    <Section title={text.worst}>
      <DataTable
        label={text.worst}
        columns={imageColumns}
        rows={worst}
        rowKey={({ repository, digest }) => `${repository}@${digest}`}
        height={height}
        empty={<Empty title={text.noWorst}>{text.noWorstLead}</Empty>}
      />
    </Section>
  )
}

export function Upgrades({ upgrades, scope }: { upgrades: readonly Upgrade[]; scope: Scope }) {
  const upgradeColumns: readonly Column<Upgrade>[] = [
    {
      id: 'package',
      title: columns.package,
      cell: ({ package: name }) => (
        <PageLink
          to="/security/findings"
          search={{ ...scopeSearch(scope), package: name, fixable: 'true' }}
        >
          <bdi>{visible(name)}</bdi>
        </PageLink>
      ),
    },
    {
      id: 'version',
      title: columns.upgrade,
      cell: ({ version }) => <ForeignText text={version} max={80} />,
    },
    {
      id: 'closes',
      title: columns.closes,
      align: 'end',
      cell: ({ findings }) => formatCount(findings),
    },
    {
      id: 'images',
      title: columns.images,
      align: 'end',
      cell: ({ images }) => formatCount(images),
    },
    {
      id: 'score',
      title: columns.score,
      align: 'end',
      cell: ({ worstScore }) => worstScore.toFixed(1),
    },
  ]
  return (
    <Section title={text.upgrades}>
      <DataTable
        label={text.upgrades}
        columns={upgradeColumns}
        rows={upgrades}
        rowKey={({ package: name, version }) => `${name}@${version}`}
        height={height}
        empty={<Empty title={text.noUpgrades}>{text.noUpgradesLead}</Empty>}
      />
    </Section>
  )
}
