import type { listLayerFiles } from '@berth/api/layers.ts'
import {
  IconArrowUp,
  IconCpu,
  IconFile,
  IconFolder,
  IconFolderX,
  IconLink,
  type IconProps,
  IconX,
} from '@tabler/icons-react'
import type { ComponentType } from 'react'
import type * as z from 'zod'
import { imageText } from '../../text/images.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Empty } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatBytes, formatCount, formatShare } from '../../ui/units.ts'
import { DirectoryLink } from './directory-link.tsx'
import { modeText } from './file-mode.ts'
import classes from './images.module.css'
import { ShareBar } from './share-bar.tsx'

const text = imageText.files

type LayerFile = z.output<typeof listLayerFiles.answer>['items'][number]

const icons: Readonly<Record<LayerFile['kind'], ComponentType<IconProps>>> = {
  file: IconFile,
  directory: IconFolder,
  symlink: IconLink,
  hardlink: IconLink,
  device: IconCpu,
  whiteout: IconX,
  opaque: IconFolderX,
}

type Files = {
  readonly items: readonly LayerFile[]
  readonly isPending: boolean
  readonly error: Error | null
  readonly refetch: () => unknown
  readonly hasNextPage: boolean
  readonly more: () => void
}

/** What one directory of a layer holds. `whole`: bytes of all files of the layer. */
export function FileTable({ files, path, whole }: { files: Files; path: string; whole: number }) {
  const columns: Column<LayerFile>[] = [
    { id: 'name', title: text.name, cell: (file) => <Name file={file} path={path} /> },
    {
      id: 'size',
      title: text.size,
      width: 170,
      align: 'end',
      cell: (file) => !isRemoval(file) && <Size file={file} whole={whole} />,
    },
    {
      id: 'mode',
      title: text.mode,
      width: 120,
      cell: ({ mode, kind }) =>
        mode !== null && <span className="berth-mono">{modeText(mode, kind)}</span>,
    },
    {
      id: 'owner',
      title: text.owner,
      width: 110,
      cell: ({ uid, gid }) =>
        uid !== null && <span className="berth-mono">{`${uid}:${gid ?? uid}`}</span>,
    },
    {
      id: 'modified',
      title: text.modified,
      width: 150,
      cell: ({ modifiedAt }) => <Ago at={modifiedAt} />,
    },
  ]
  return (
    <div className={classes.fixed}>
      {path !== '' && (
        <div className={classes.up}>
          <IconArrowUp size={15} aria-hidden />
          <DirectoryLink path={path.split('/').slice(0, -1).join('/')}>{text.up}</DirectoryLink>
        </div>
      )}
      <DataTable
        label={text.table}
        columns={columns}
        rows={files.items}
        rowKey={({ kind, name }) => `${kind} ${name}`}
        isLoading={files.isPending}
        error={files.error}
        onRetry={() => void files.refetch()}
        hasMore={files.hasNextPage}
        more={files.more}
        empty={<Empty title={text.emptyTitle}>{text.empty}</Empty>}
      />
    </div>
  )
}

function isRemoval({ kind }: LayerFile): boolean {
  return kind === 'whiteout' || kind === 'opaque'
}

function Name({ file, path }: { file: LayerFile; path: string }) {
  const { kind, name, target } = file
  const Icon = icons[kind]
  const shown = <ForeignText text={name} max={200} />
  return (
    <span className={classes.fileName}>
      <Icon size={16} aria-label={text.kinds[kind]} role="img" />
      <span>
        {kind === 'directory' ? (
          <DirectoryLink path={path === '' ? name : `${path}/${name}`}>{shown}</DirectoryLink>
        ) : kind === 'whiteout' ? (
          <del>{shown}</del>
        ) : (
          shown
        )}
        {target !== null && (
          <span className="berth-quiet">
            <span aria-label={text.leadsTo}> → </span>
            <ForeignText text={target} max={200} />
          </span>
        )}
        {isRemoval(file) && (
          <span className="berth-quiet">
            {' '}
            ({kind === 'whiteout' ? text.whiteout : text.opaque})
          </span>
        )}
      </span>
    </span>
  )
}

function Size({ file: { size, files }, whole }: { file: LayerFile; whole: number }) {
  const share = whole === 0 ? 0 : size / whole
  return (
    <div title={files === null ? undefined : text.files(formatCount(files))}>
      {formatBytes(size)}
      <ShareBar share={share} label={formatShare(share)} />
    </div>
  )
}
