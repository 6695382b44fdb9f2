import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mustRun } from '../tools/process.ts'
import type { VersionPair } from './version-pairs.ts'

/** What the reference says: the sign of the comparison, `undefined` when it refuses one of the two. */
export type Verdict = -1 | 0 | 1 | undefined

/** The folder of a Go program that compares with golang.org/x/mod/semver. */
const goProgram = join(import.meta.dirname, 'go-semver')

/** Each reads lines `a TAB b` and writes `-1`, `0`, `1` or `invalid` for each. */
const programs = {
  /** dpkg itself, several processes for each pair. */
  dpkg: [
    'bash',
    '-c',
    `while IFS=$'\\t' read -r a b; do
      if dpkg --compare-versions "$a" lt "$b" 2>/dev/null; then echo -1
      elif dpkg --compare-versions "$a" gt "$b" 2>/dev/null; then echo 1
      elif dpkg --compare-versions "$a" eq "$b" 2>/dev/null; then echo 0
      else echo invalid; fi
    done`,
  ],
  rpm: [
    'rpm',
    '--eval',
    `%{lua:
      for line in io.stdin:lines() do
        local a, b = line:match('([^\\t]*)\\t([^\\t]*)')
        local ok, x = pcall(rpm.ver, a)
        local fine, y = pcall(rpm.ver, b)
        if not (ok and fine and x and y) then io.stdout:write('invalid\\n')
        elseif x < y then io.stdout:write('-1\\n')
        elseif y < x then io.stdout:write('1\\n')
        else io.stdout:write('0\\n') end
      end
      io.stdout:flush()}`,
  ],
  python: [
    '/usr/bin/python3',
    '-c',
    `import sys
from packaging.version import Version, InvalidVersion
for line in sys.stdin:
    try:
        a, b = map(Version, line.rstrip('\\n').split('\\t'))
        print((a > b) - (a < b))
    except InvalidVersion:
        print('invalid')`,
  ],
  ruby: [
    'ruby',
    '-e',
    `STDIN.each_line do |line|
      a, b = line.chomp.split("\\t", -1).map { |text| Gem::Version.new(text) }
      puts a <=> b
    rescue ArgumentError
      puts 'invalid'
    end`,
  ],
  php: [
    'php',
    '-r',
    String.raw`require '/usr/share/php/Composer/Semver/autoload.php';
      $parser = new Composer\Semver\VersionParser();
      while (($line = fgets(STDIN)) !== false) {
        try {
          [$a, $b] = array_map([$parser, 'normalize'], explode("\t", rtrim($line, "\n")));
          $isBranch = str_starts_with($a, 'dev-') || str_starts_with($b, 'dev-');
          echo $isBranch ? 'invalid' : version_compare($a, $b), "\n";
        } catch (UnexpectedValueException $error) { echo "invalid\n"; }
      }`,
  ],
  go: ['go', '-C', goProgram, 'run', '.'],
} as const satisfies Record<string, readonly [string, ...string[]]>

type ReferenceProgram = keyof typeof programs

/** What a program of another project says of each pair. */
export function askReference(
  program: ReferenceProgram,
  pairs: readonly VersionPair[],
): Promise<Verdict[]> {
  const [file, ...args] = programs[program]
  return ask(file, args, pairs)
}

/** What `dpkg_version_compare` of dpkg's library says, built from `compare-deb.c`. */
export function askLibdpkg(pairs: readonly VersionPair[]): Promise<Verdict[]> {
  return inFolder(async (folder) => {
    const program = join(folder, 'compare-deb')
    const source = join(import.meta.dirname, 'compare-deb.c')
    await mustRun('gcc', ['-o', program, source, '-ldpkg', '-lmd'])
    return ask(program, [], pairs)
  })
}

/** What `ComparableVersion` in this jar of Maven says. */
export function askMaven(jar: string, pairs: readonly VersionPair[]): Promise<Verdict[]> {
  return inFolder(async (folder) => {
    const source = join(folder, 'Compare.java')
    await writeFile(source, compareJava)
    return ask('java', ['-cp', jar, source], pairs)
  })
}

const compareJava = `
import java.io.*;
import org.apache.maven.artifact.versioning.ComparableVersion;
class Compare {
  public static void main(String[] args) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = lines.readLine()) != null; ) {
      String[] pair = line.split("\\t", -1);
      System.out.println(Integer.signum(
          new ComparableVersion(pair[0]).compareTo(new ComparableVersion(pair[1]))));
    }
  }
}
`

async function inFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-versions-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function ask(
  file: string,
  args: readonly string[],
  pairs: readonly VersionPair[],
): Promise<Verdict[]> {
  const input = `${pairs.map((pair) => pair.join('\t')).join('\n')}\n`
  const printed = await mustRun(file, args, { input, timeoutSeconds: 900 })
  const lines = printed.trimEnd().split('\n')
  if (lines.length !== pairs.length) {
    throw new Error(`${file} answered ${lines.length} lines for ${pairs.length} pairs`)
  }
  return lines.map(readVerdict)
}

function readVerdict(line: string): Verdict {
  if (line === 'invalid') return undefined
  const verdict = Number(line)
  if (verdict === -1 || verdict === 0 || verdict === 1) return verdict
  throw new Error(`not an answer: ${line}`)
}
