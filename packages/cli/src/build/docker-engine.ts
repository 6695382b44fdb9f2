import type { BuildRun } from './build-run.ts'
import type { LocalImage } from './builder.ts'
import { isOf, sortImages } from './local-images.ts'

/** Images of a repository in docker's engine, the newest first. */
export async function listDockerImages(
  repository: string,
  run: BuildRun,
): Promise<readonly LocalImage[]> {
  const text = await run.mustRun('docker', [
    'images',
    '--no-trunc',
    '--filter',
    `reference=${repository}`,
    '--format',
    '{{json .}}',
  ])
  const images = new Map<string, { names: string[]; createdAt: Date }>()
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const row = JSON.parse(line) as Record<string, string | undefined>
    const name = `${row.Repository ?? ''}:${row.Tag ?? ''}`
    if (row.ID === undefined || !isOf(name, repository)) continue
    const known = images.get(row.ID)
    // `2026-11-27 18:24:43 +0000 UTC`
    const createdAt = new Date((row.CreatedAt ?? '').replace(/ [A-Z]+$/, ''))
    if (known === undefined) images.set(row.ID, { names: [name], createdAt })
    else known.names.push(name)
  }
  return sortImages([...images].map(([id, { names, createdAt }]) => ({ id, names, createdAt })))
}

/** Removes the names, and with the last one the image; `false` when a container uses it. */
export async function removeDockerImage(image: LocalImage, run: BuildRun): Promise<boolean> {
  const used = await run.run('docker', [
    'ps',
    '--all',
    '--quiet',
    '--filter',
    `ancestor=${image.id}`,
  ])
  if (used.status !== 0 || used.stdout.trim() !== '') return false
  const { status } = await run.run('docker', ['rmi', ...image.names])
  return status === 0
}
