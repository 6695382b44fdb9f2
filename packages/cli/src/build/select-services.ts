import { ClientError } from '@berth/client/client-error.ts'
import type { BuildFile, Service } from './build-file.ts'
import { nearestName } from './nearest-name.ts'

/**
 * The services that were asked for and those that they depend on, dependencies first; all of them when none is named.
 * Throws `inputInvalid` for a name that is no service.
 */
export function selectServices(file: BuildFile, names: readonly string[]): readonly Service[] {
  const byName = new Map(file.services.map((service) => [service.name, service]))
  const selected = new Set<Service>()
  const add = (name: string): void => {
    const service = byName.get(name)
    if (service === undefined) {
      const near = nearestName(name, byName.keys())
      throw new ClientError('inputInvalid', `${file.path} has no service "${name}".`, {
        next:
          near === undefined
            ? `There are ${[...byName.keys()].join(', ')}.`
            : `Did you mean "${near}"? There are ${[...byName.keys()].join(', ')}.`,
      })
    }
    if (selected.has(service)) return
    for (const dependency of service.dependsOn) add(dependency)
    selected.add(service)
  }
  for (const name of names.length === 0 ? byName.keys() : names) add(name)
  return [...selected]
}
