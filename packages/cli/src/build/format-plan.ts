import { formatRepositoryAddress } from '@berth/client/image-reference.ts'
import { formatTable } from '../table.ts'
import type { BuildPlan } from './build-plan.ts'
import type { ChosenBuilder } from './choose-builder.ts'

/** What `berth build --dry-run` says: nothing has been built. */
export function formatBuildPlan(
  { services }: BuildPlan,
  { builder, probe }: ChosenBuilder,
  width: number | undefined,
): string {
  const table = formatTable(
    [
      { title: 'SERVICE' },
      { title: 'IMAGE', shrinks: true },
      { title: 'PLATFORMS', shrinks: true },
      { title: 'TAGS', shrinks: true },
      { title: 'AFTER' },
      { title: 'DOCKERFILE', shrinks: true },
    ],
    services.map(({ service, platforms, tags, dockerfile }) => [
      service.name,
      formatRepositoryAddress(service.address),
      (platforms ?? [probe.platform]).join(','),
      tags.join(','),
      service.dependsOn.join(','),
      dockerfile,
    ]),
    width,
  )
  return `Would build with ${builder.name} ${probe.version}:\n${table}`
}

/** The same for `--json`; fields are only ever added. */
export function jsonOfPlan(
  { services, git, version }: BuildPlan,
  { builder, probe }: ChosenBuilder,
) {
  return {
    builder: builder.name,
    builderVersion: probe.version,
    revision: git.revision ?? null,
    version: version ?? null,
    services: services.map(({ service, platforms, tags, tagPlans, dockerfile }) => ({
      service: service.name,
      image: formatRepositoryAddress(service.address),
      platforms: platforms ?? [probe.platform],
      tags,
      tagPlans,
      dependsOn: service.dependsOn,
      context: service.context,
      dockerfile,
    })),
  }
}
