import { type Detector, Unreadable } from '../detector.ts'
import { packageUrl } from '../purl.ts'

const maxBytes = 8 * 1024 ** 2
const wanted =
  /(?:^|\/)(?:[^/]+\.dist-info\/METADATA|[^/]+\.egg-info(?:\/PKG-INFO)?|EGG-INFO\/PKG-INFO)$/

/**
 * Installed Python distributions: `*.dist-info/METADATA` of wheels, and `*.egg-info` (file or folder) and `EGG-INFO` of
 * what setuptools and distutils installed. https://packaging.python.org/en/latest/specifications/core-metadata/
 */
export const python: Detector = {
  name: 'python',
  wants: ({ path }) => wanted.test(path),
  async detect(file) {
    const fields = parseMetadata((await file.read(maxBytes)).toString('utf8'))
    const name = normalizeName(fields.get('name')?.[0] ?? '')
    const version = fields.get('version')?.[0] ?? ''
    if (name === '' || version === '') throw new Unreadable('it has no Name or no Version')
    return {
      packages: [
        {
          kind: 'pypi',
          name,
          version,
          purl: packageUrl({ kind: 'pypi', name, version }),
          licenses: licensesOf(fields),
        },
      ],
    }
  },
}

/** PEP 503: case, and runs of `-`, `_` and `.`, make no other project. */
export function normalizeName(name: string): string {
  return name
    .trim()
    .replace(/[-_.]+/g, '-')
    .toLowerCase()
}

/** The header fields, by lower-case name; folded lines are joined by line ends. The description after them is left alone. */
function parseMetadata(text: string): Map<string, string[]> {
  const fields = new Map<string, string[]>()
  let values: string[] | undefined
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    if (line === '') break
    if (/^[ \t]/.test(line)) {
      if (values !== undefined) values.push(`${values.pop() ?? ''}\n${line.trim()}`)
      continue
    }
    const colon = line.indexOf(':')
    if (colon === -1) continue
    const name = line.slice(0, colon).trim().toLowerCase()
    values = fields.get(name) ?? []
    values.push(line.slice(colon + 1).trim())
    fields.set(name, values)
  }
  return fields
}

/** `License-Expression`, else a `License` that is a name and not the whole text, else the classifiers. */
function licensesOf(fields: Map<string, string[]>): string[] {
  const said = [fields.get('license-expression')?.[0], fields.get('license')?.[0]].find(
    (value) =>
      value !== undefined &&
      value !== '' &&
      value.toUpperCase() !== 'UNKNOWN' &&
      value.length <= 200 &&
      !value.includes('\n'),
  )
  if (said !== undefined) return [said]
  return (fields.get('classifier') ?? [])
    .filter((value) => value.startsWith('License ::'))
    .map((value) => value.split('::').at(-1)?.trim() ?? '')
    .filter((value) => value !== '' && value !== 'OSI Approved')
}
