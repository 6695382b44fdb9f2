import { BerthError } from '../errors.ts'

const component = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*'
// As for repositories (distribution-spec, "Pulling manifests"), of which a project name is the beginning.
const grammar = new RegExp(`^${component}(?:/${component})*$`)
const lengthMax = 200
const depthMax = 8

/** Throws `requestInvalid` unless the text is a project name: up to 8 components of a repository name, 200 characters in all. */
export function checkProjectName(name: string): void {
  if (isProjectName(name)) return
  throw new BerthError(
    'requestInvalid',
    `The project name is not valid. Accepted are 1 to ${depthMax} components joined by "/", ${lengthMax} characters in all, ` +
      'each of lowercase letters and digits, joined inside by one ".", by "_" or "__", or by dashes.',
    { details: [{ field: 'name', rule: 'projectName', reason: 'projectNameInvalid' }] },
  )
}

/** Whether a project below the root can have this name. */
export function isProjectName(name: string): boolean {
  return name.length <= lengthMax && grammar.test(name) && name.split('/').length <= depthMax
}

/** The names of all projects that can be above the name, from the root down: `a/b/c` -> `''`, `a`, `a/b`. */
export function levelsAbove(name: string): string[] {
  const components = name.split('/')
  return components.map((_, depth) => components.slice(0, depth).join('/'))
}

/** The names of all projects that a repository or project of this name can belong to or be: those above, and its own. */
export function levelsOf(name: string): string[] {
  const levels = name === '' ? [''] : [...levelsAbove(name), name]
  return levels.slice(0, depthMax + 1).filter((level) => level.length <= lengthMax)
}
