import type { LocalImage } from './builder.ts'

type Row = {
  readonly id?: string
  readonly Id?: string
  readonly names?: readonly string[] | null
  readonly Names?: readonly string[] | null
  readonly createdatraw?: string
  readonly CreatedAt?: string
  readonly Created?: number
}

/** Reads the JSON that `buildah images` and `podman images` print: the images of the repository, the newest first. */
export function parseLocalImages(text: string, repository: string): readonly LocalImage[] {
  const rows: unknown = JSON.parse(text === '' ? '[]' : text)
  if (!Array.isArray(rows)) return []
  return sortImages(
    rows.flatMap((row: Row): LocalImage[] => {
      const id = row.id ?? row.Id
      const names = (row.names ?? row.Names ?? []).filter((name) => isOf(name, repository))
      const created = row.createdatraw ?? row.CreatedAt ?? (row.Created ?? 0) * 1000
      return id === undefined || names.length === 0
        ? []
        : [{ id, names, createdAt: new Date(created) }]
    }),
  )
}

/** The newest first. */
export function sortImages(images: readonly LocalImage[]): readonly LocalImage[] {
  return [...images].sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
}

/** Whether the name is a tag of exactly this repository. */
export function isOf(name: string, repository: string): boolean {
  return name.startsWith(`${repository}:`) && !name.slice(repository.length + 1).includes('/')
}
