import type { LayerFile } from '../catalogue.ts'
import { endOfLife } from '../end-of-life.ts'
import type { Distribution } from '../package.ts'

/** The most telling first. Files not named here come after them. */
const order = [
  'etc/os-release',
  'usr/lib/os-release',
  'etc/lsb-release',
  'etc/alpine-release',
  'etc/debian_version',
  'etc/redhat-release',
  'etc/centos-release',
  'etc/system-release',
]

/** One distribution out of what all files say. Of Alpine the release is the one whose repositories the image uses. */
export function chooseDistribution(files: readonly LayerFile[]): Distribution | undefined {
  const told = files
    .flatMap(({ path, distribution }) =>
      distribution === undefined ? [] : [{ path, distribution }],
    )
    .sort((a, b) => rankOf(a.path) - rankOf(b.path))
    .map(({ distribution }) => distribution)
  const base = told.find(({ id }) => id !== undefined)
  if (base?.id === undefined) return undefined
  const repositories = told.find(({ id, release }) => id === undefined && release !== undefined)
  const { id, version = '', codename, name = id, idLike = [] } = base
  const release = (id === 'alpine' ? repositories?.release : undefined) ?? base.release ?? version
  const end = endOfLife({ id, version, release })
  return {
    id,
    version,
    ...(codename !== undefined && { codename }),
    name,
    idLike,
    release,
    ...(end !== undefined && { endOfLife: end }),
  }
}

function rankOf(path: string): number {
  const rank = order.indexOf(path)
  return rank === -1 ? order.length : rank
}
