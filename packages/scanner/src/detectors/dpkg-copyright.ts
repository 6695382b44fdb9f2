import type { Detector } from '../detector.ts'

const maxBytes = 4 * 1024 ** 2
const file = /^usr\/share\/doc\/([^/]+)\/copyright$/
/** Of one package; some copyright files name hundreds of exceptions. */
const most = 40

/**
 * Licences of Debian packages, from `usr/share/doc/PACKAGE/copyright`: the `License` fields of the machine-readable
 * format (DEP-5), else the texts under `/usr/share/common-licenses` that it points to.
 */
export const dpkgCopyright: Detector = {
  name: 'dpkg-copyright',
  wants: ({ path }) => file.test(path),
  async detect(scanned) {
    const text = (await scanned.read(maxBytes)).toString('utf8')
    const found = new Set(fieldsOf(text))
    if (found.size === 0)
      for (const match of text.matchAll(
        /\/usr\/share\/common-licenses\/([A-Za-z0-9.+-]*[A-Za-z0-9+])/g,
      ))
        found.add(match[1] ?? '')
    const licenses = [...found].sort().slice(0, most)
    const name = file.exec(scanned.path)?.[1] ?? ''
    return licenses.length === 0 ? {} : { licenses: { package: name, licenses } }
  },
}

function* fieldsOf(text: string): Generator<string> {
  for (const match of text.matchAll(/^License:[ \t]*(\S[^\n]{0,99})$/gm)) {
    for (const name of (match[1] ?? '').split(/\s+(?:and|or)\s+|[,|]/i)) {
      const trimmed = name.trim()
      if (/^[A-Za-z0-9][A-Za-z0-9.+-]*$/.test(trimmed)) yield trimmed
    }
  }
}
