import { z } from 'zod'
import type { Detector } from '../detector.ts'
import { packageUrl } from '../purl.ts'
import { readJsonFile } from './json-file.ts'

const maxBytes = 64 * 1024 ** 2

const assets = z.record(z.string(), z.unknown()).optional()
const depsJson = z.object({
  runtimeTarget: z.union([z.string(), z.object({ name: z.string() })]).optional(),
  targets: z
    .record(
      z.string(),
      z.record(
        z.string(),
        z.object({ runtime: assets, native: assets, runtimeTargets: assets, resources: assets }),
      ),
    )
    .optional(),
  libraries: z.record(z.string(), z.object({ type: z.string() })),
})

/**
 * Installed NuGet packages: the `*.deps.json` that the .NET SDK writes beside a program. Projects are left out (they are
 * the program itself) and so are packages of which nothing is there at run time. A runtime pack is the .NET runtime that
 * a self-contained program carries; advisories name it without the prefix.
 */
export const dotnetDeps: Detector = {
  name: 'dotnet-deps',
  wants: ({ path }) => path.endsWith('.deps.json'),
  async detect(file) {
    const parsed = await readJsonFile(file, maxBytes, depsJson)
    const target =
      typeof parsed.runtimeTarget === 'string' ? parsed.runtimeTarget : parsed.runtimeTarget?.name
    const used = target === undefined ? undefined : parsed.targets?.[target]
    const packages = Object.entries(parsed.libraries).flatMap(([key, { type }]) => {
      if (type !== 'package' && type !== 'runtimepack') return []
      const assetsOf = used?.[key]
      if (assetsOf !== undefined && Object.values(assetsOf).every(isEmpty)) return []
      const at = key.lastIndexOf('/')
      if (at <= 0 || at === key.length - 1) return []
      const name = key.slice(0, at).replace(type === 'runtimepack' ? /^runtimepack\./ : '', '')
      const version = key.slice(at + 1)
      const purl = packageUrl({ kind: 'nuget', name, version })
      return [{ kind: 'nuget' as const, name, version, purl, licenses: [] }]
    })
    return { packages }
  },
}

function isEmpty(value: Record<string, unknown> | undefined): boolean {
  return value === undefined || Object.keys(value).length === 0
}
