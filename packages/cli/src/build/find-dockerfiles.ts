import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import type { Service } from './build-file.ts'

/** The Dockerfile of each service. Throws `notFound` with everything that is missing, folders and files. */
export async function findDockerfiles(
  services: readonly Service[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  const missing: string[] = []
  for (const { name, context, dockerfile } of services) {
    if (!(await isA('folder', context))) {
      missing.push(`The context of ${name} is missing: there is no folder ${context}.`)
      continue
    }
    const candidates =
      dockerfile === undefined
        ? [join(context, 'Dockerfile'), join(context, 'Containerfile')]
        : [resolve(context, dockerfile)]
    const path = (
      await Promise.all(
        candidates.map(async (each) => ((await isA('file', each)) ? each : undefined)),
      )
    ).find((each) => each !== undefined)
    if (path === undefined) {
      missing.push(
        `The Dockerfile of ${name} is missing: there is no ${candidates.join(' and no ')}.`,
      )
    } else found.set(name, path)
  }
  if (missing.length === 0) return found
  throw new ClientError('notFound', missing.join('\n'), {
    next: 'Write it, or set "context" and "dockerfile" of the service in berth.yaml.',
  })
}

async function isA(kind: 'file' | 'folder', path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return kind === 'file' ? found?.isFile() === true : found?.isDirectory() === true
}
