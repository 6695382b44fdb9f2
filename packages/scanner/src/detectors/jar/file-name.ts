/** Words that Maven's users put behind a number in a version, with or without a number of their own. */
const qualifier =
  /^(?:alpha|beta|m|milestone|rc|cr|snapshot|final|ga|release|sp|jre|android|b|build|incubating|redhat|preview|ea|pre|dev|java|jdk)[.\d]*$/i

/** Words behind the version that tell apart files of the same artifact. */
const classifier =
  /^(?:all|shaded|uber|standalone|jar|with|dependencies|exec|boot|plain|runtime|sources|javadoc|tests?|linux|windows|osx|darwin|x86|x86_64|x64|amd64|aarch_64|aarch64|arm64|noarch|universal|jakarta|stubs|mr|nodep|no_aop|bundle|bin|dist)$/i

/** What a file name such as `commons-lang3-3.12.0.jar` says; no version when there is none in it. */
export function readJarName(fileName: string): { artifact: string; version?: string } {
  const stem = fileName.replace(/\.[A-Za-z]+$/, '')
  const osgi = /^(?<artifact>[A-Za-z][\w.-]*)_(?<version>\d+\.\d+\.\d+(?:\.[\w-]+)?)$/.exec(stem)
  const { artifact, version } = osgi?.groups ?? {}
  if (artifact !== undefined && version !== undefined) return { artifact, version }
  const words = stem.split('-')
  while (words.length > 2 && classifier.test(words.at(-1) ?? '')) words.pop()
  for (let at = 1; at < words.length; at++) {
    const isVersion =
      /^v?\d/.test(words[at] ?? '') &&
      words.slice(at + 1).every((word) => /^\d/.test(word) || qualifier.test(word))
    if (isVersion) {
      return { artifact: words.slice(0, at).join('-'), version: words.slice(at).join('-') }
    }
  }
  return { artifact: stem }
}
