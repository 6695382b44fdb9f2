import { type Detector, Unreadable } from '../detector.ts'
import { packageUrl } from '../purl.ts'

const maxBytes = 1024 ** 2
const wanted = /(?:^|\/)specifications\/(?:[^/]+\/)*[^/]+\.gemspec$/

/**
 * Installed gems: the specifications that RubyGems writes when it installs one, the default gems of Ruby among them. They
 * are Ruby source, read by pattern and never run: the values that RubyGems itself wrote as plain strings, else its stub
 * line (`# stub: name version platform`), else the file's name.
 */
export const ruby: Detector = {
  name: 'ruby',
  wants: ({ path }) => wanted.test(path),
  async detect(file) {
    const source = (await file.read(maxBytes)).toString('utf8')
    const stub = /^# stub: (\S+) (\S+) (\S+)/m.exec(source)
    const fileName = /([^/]+?)-(\d[^/]*?)(?:-([a-z][^/]*))?\.gemspec$/.exec(file.path)
    const name = plainValue(source, 'name') ?? stub?.[1] ?? fileName?.[1]
    const version = plainValue(source, 'version') ?? stub?.[2] ?? fileName?.[2]
    if (name === undefined || version === undefined) {
      throw new Unreadable('it gives no name or no version as plain text')
    }
    const platform = stub?.[3] ?? fileName?.[3] ?? 'ruby'
    return {
      packages: [
        {
          kind: 'gem',
          name,
          version,
          purl: packageUrl({
            kind: 'gem',
            name,
            version,
            qualifiers: { platform: platform === 'ruby' ? undefined : platform },
          }),
          licenses: licensesOf(source),
        },
      ],
    }
  },
}

/** `s.name = "rake".freeze`, `s.version = Gem::Version.new("1.0")`; undefined for an expression or what has `#{}` in it. */
function plainValue(source: string, attribute: string): string | undefined {
  const found = new RegExp(
    `^[ \\t]*[a-z_]\\w*\\.${attribute}[ \\t]*=[ \\t]*(?:Gem::Version\\.(?:new|create)[ (]*)?(["'])([^"'\\n#]+)\\1`,
    'm',
  ).exec(source)
  return found?.[2]
}

function licensesOf(source: string): string[] {
  const list = /^[ \t]*[a-z_]\w*\.licenses?[ \t]*=[ \t]*(\[[^\]\n]*\]|["'][^"'\n]*["'])/m.exec(
    source,
  )
  return [...(list?.[1] ?? '').matchAll(/(["'])([^"'\n]+)\1/g)].map((match) => match[2] ?? '')
}
