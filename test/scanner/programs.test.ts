import { execFileSync } from 'node:child_process'
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { afterAll, describe, expect, it, test } from 'vitest'
import { executable } from '../../packages/scanner/src/detectors/executable.ts'
import { jar } from '../../packages/scanner/src/detectors/jar.ts'
import { detectBytes } from '../../packages/scanner/src/detectors/testing/scanned-file.ts'
import { findTool, toolsDirectory } from '../tools/process.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-programs-'))
afterAll(() => rmSync(folder, { recursive: true }))

describeWith('programs that Go built', ['go'], () => {
  const source = join(folder, 'go')

  it.each([
    ['linux', 'amd64'],
    ['linux', 'mips'],
    ['windows', 'amd64'],
    ['darwin', 'arm64'],
  ])('for %s on %s tell what go version tells', async (GOOS, GOARCH) => {
    const program = join(folder, `${GOOS}-${GOARCH}`)
    writeGoProgram(source)
    execFileSync('go', ['build', '-ldflags=-s -w', '-buildvcs=false', '-o', program, '.'], {
      cwd: source,
      env: { ...process.env, GOOS, GOARCH, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' },
      stdio: 'pipe',
    })
    await expectAsGoSays(program, ['example.com/server', 'example.com/dependency'])
  })

  const tools = ['crane', 'helm', 'cosign', 'oras'].map((name) => join(toolsDirectory, 'bin', name))
  it.skipIf(!tools.every(existsSync)).each(tools)(
    'such as %s tell every module',
    async (program) => {
      await expectAsGoSays(program, [])
    },
  )

  const root = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim()
  const old = join(root, 'src/debug/buildinfo/testdata/go117/go117.base64')
  it.skipIf(!existsSync(old))('with Go 1.17 tell what go version tells', async () => {
    const program = join(folder, 'go117')
    writeFileSync(program, Buffer.from(readFileSync(old, 'utf8'), 'base64'), { mode: 0o755 })
    await expectAsGoSays(program, ['example.com/go117'])
  })
})

describeWith('programs that Rust built', ['cargo', 'cargo-auditable'], () => {
  it('with cargo auditable tell their crates', async () => {
    const source = join(folder, 'rust')
    mkdirSync(join(source, 'src'), { recursive: true })
    mkdirSync(join(source, 'inner/src'), { recursive: true })
    writeFileSync(join(source, 'src/main.rs'), 'fn main() { println!("{}", inner::answer()); }')
    writeFileSync(join(source, 'inner/src/lib.rs'), 'pub fn answer() -> u32 { 42 }')
    writeFileSync(
      join(source, 'Cargo.toml'),
      '[package]\nname = "outer"\nversion = "0.3.1"\nedition = "2021"\n[dependencies]\ninner = { path = "inner" }\n',
    )
    writeFileSync(
      join(source, 'inner/Cargo.toml'),
      '[package]\nname = "inner"\nversion = "2.0.5-rc.1"\nedition = "2021"\n',
    )
    execFileSync(
      findTool('cargo-auditable') ?? '',
      ['auditable', 'build', '--release', '--offline'],
      { cwd: source, stdio: 'pipe' },
    )
    const { packages } = await detectFile(join(source, 'target/release/outer'))
    expect(packages?.map(({ name, version }) => `${name} ${version}`).sort()).toEqual([
      'inner 2.0.5-rc.1',
      'outer 0.3.1',
    ])
  })
})

describeWith('programs of the system', ['objcopy', 'true'], () => {
  it('hold nothing, and hold crates when a list of them is put in', async () => {
    const plain = findTool('true') ?? ''
    expect(await detectFile(plain)).toEqual({})
    const list = join(folder, 'list')
    const program = join(folder, 'with-list')
    writeFileSync(
      list,
      deflateSync('{"packages":[{"name":"time","version":"0.1.42","source":"crates.io"}]}'),
    )
    execFileSync('objcopy', ['--add-section', `.dep-v0=${list}`, plain, program])
    const { packages } = await detectFile(program)
    expect(packages?.map(({ purl }) => purl)).toEqual(['pkg:cargo/time@0.1.42'])
  })
})

/** Archives of Debian whose coordinates nothing in the file tells. */
const differences: Readonly<Record<string, string>> = {
  'org.jsr305:jsr305 0.1-SNAPSHOT': 'another name of com.google.code.findbugs:jsr305',
  'org.jsr-305:jsr305 0.1-SNAPSHOT': 'another name of com.google.code.findbugs:jsr305',
  'org.gnu.gettext:libintl 0.21': 'nothing tells its group, which is taken to be its name',
}

describeWith('archives of Java', ['jar'], () => {
  it('that the JDK packed are read, also inside one another', async () => {
    const tree = join(folder, 'java')
    const properties = join(tree, 'META-INF/maven/com.acme/engine')
    mkdirSync(properties, { recursive: true })
    mkdirSync(join(tree, 'lib'))
    writeFileSync(
      join(properties, 'pom.properties'),
      'groupId=com.acme\nartifactId=engine\nversion=1.2\n',
    )
    writeFileSync(
      join(tree, 'manifest'),
      'Implementation-Title: rocket\nImplementation-Version: 7.1\nImplementation-Vendor-Id: com.acme\n',
    )
    execFileSync('jar', ['cf', join(tree, 'lib/engine-1.2.jar'), '-C', tree, 'META-INF'])
    execFileSync('jar', [
      'cf0m',
      join(folder, 'rocket.war'),
      join(tree, 'manifest'),
      '-C',
      tree,
      'lib',
    ])
    const { placed, notCovered } = await detectFile(join(folder, 'rocket.war'))
    expect(notCovered).toBeUndefined()
    expect(
      placed?.map(({ name, version, path }) => `${name} ${version} ${basename(path)}`),
    ).toEqual(['com.acme:engine 1.2 engine-1.2.jar', 'com.acme:rocket 7.1 rocket.war'])
  })

  // Debian keeps its archives by their coordinates, so each path is the truth about the file.
  const repository = '/usr/share/maven-repo'
  // Versions such as `3.x` are names that Debian gives to whatever version it has.
  const archives = globSync(`${repository}/**/*.jar`).filter(
    (file) => !/\/(?:debian|[\d.]*\.x)\//.test(file),
  )
  it.skipIf(archives.length < 50)('of Debian have the coordinates of their places', async () => {
    const wrong: string[] = []
    for (const file of archives) {
      const parts = file.slice(repository.length + 1).split('/')
      const [artifact, version] = [parts.at(-3), parts.at(-2)]
      const expected = `${parts.slice(0, -3).join('.')}:${artifact} ${version}`
      const { placed } = await detectFile(file)
      const found = (placed ?? []).map((each) => `${each.name} ${each.version}`)
      if (!found.includes(expected) && !(expected in differences))
        wrong.push(`${expected}: found ${found.join(', ')}`)
    }
    expect(wrong).toEqual([])
  })
})

function describeWith(name: string, needed: readonly string[], suite: () => void): void {
  const missing = needed.filter((tool) => findTool(tool) === undefined)
  if (missing.length === 0) describe(name, suite)
  else if (process.env.CI === 'true') {
    test(`${name}: the tools are installed`, () => {
      expect.fail(`not there: ${missing.join(', ')}`)
    })
  } else describe.skip(name, suite)
}

async function detectFile(path: string) {
  const bytes = readFileSync(path)
  const detector = executable.wantsHead?.(bytes.subarray(0, 4096)) === true ? executable : jar
  return detectBytes(detector, path.slice(1), bytes)
}

function writeGoProgram(source: string): void {
  mkdirSync(join(source, 'dependency'), { recursive: true })
  writeFileSync(
    join(source, 'go.mod'),
    'module example.com/server\n\ngo 1.20\n\nrequire example.com/dependency v1.5.0\n\nreplace example.com/dependency => ./dependency\n',
  )
  writeFileSync(
    join(source, 'main.go'),
    'package main\n\nimport "example.com/dependency"\n\nfunc main() { println(dependency.Answer) }\n',
  )
  writeFileSync(join(source, 'dependency/go.mod'), 'module example.com/dependency\n\ngo 1.20\n')
  writeFileSync(join(source, 'dependency/dependency.go'), 'package dependency\n\nvar Answer = 42\n')
}

/** Compares with `go version -m`. `unversioned`: modules that are listed there without a version. */
async function expectAsGoSays(program: string, unversioned: readonly string[]): Promise<void> {
  const said = execFileSync('go', ['version', '-m', program], { encoding: 'utf8' })
  const expected = [`stdlib ${/: go([\d.]+)/.exec(said)?.[1]?.replace(/^1\.17$/, '1.17.0')}`]
  for (const line of said.split('\n')) {
    const [, kind, path, version] = line.split('\t')
    if (kind === '=>') expected.pop()
    if (kind === 'mod' || kind === 'dep' || kind === '=>') expected.push(`${path} ${version}`)
  }
  const detected = await detectFile(program)
  expect(detected.packages?.map(({ name, version }) => `${name} ${version}`)).toEqual(
    expected.filter((line) => !line.endsWith(' (devel)') && !line.startsWith('./')),
  )
  for (const name of unversioned) expect(detected.notCovered).toContain(name)
  if (unversioned.length === 0) expect(detected.notCovered).toBeUndefined()
}
