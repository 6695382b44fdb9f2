/**
 * Makes what people install: `dist/npm`, the package `berth` as plain JavaScript with all that it needs in it, and
 * `dist/berth`, the commands of the client in one executable. Needs no network.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { build, type BuildOptions, type Plugin } from 'esbuild'
import { licencesOf } from './licences.ts'

const root = join(import.meta.dirname, '..')
const output = join(root, 'dist')
const npm = join(output, 'npm')
const { version } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8')) as {
  version: string
}
/** Native code cannot be bundled; it goes along as it is. */
const addons = ['@node-rs/bcrypt']

const nodeMin = { major: 24, minor: 5 }

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: `node${nodeMin.major}.${nodeMin.minor}`,
  minify: true,
  // Names in stack traces and in what errors say.
  keepNames: true,
  legalComments: 'none',
  // Both are asked for only where they are installed.
  external: ['pg-native', ...addons],
  logLevel: 'warning',
} satisfies BuildOptions

/** Modules of CommonJS in a bundle of ES modules ask for `require`. */
const requireBanner = `import { createRequire as berthRequire } from 'node:module';const require = berthRequire(import.meta.url);`

async function buildPackage(): Promise<void> {
  const folder = join(npm, 'lib')
  const { metafile } = await build({
    ...shared,
    format: 'esm',
    splitting: true,
    entryPoints: {
      main: 'packages/cli/src/main.js',
      'credential-helper': 'packages/cli/src/credential-helper.ts',
      // Started by their paths, each as a thread or a process of its own.
      'advisory-thread': 'packages/server/src/scan/advisory-thread.ts',
      'layer-child': 'packages/scanner/src/layers/layer-child.ts',
    },
    outdir: folder,
    chunkNames: 'part-[hash]',
    banner: { js: requireBanner },
    metafile: true,
  })
  // Started as a thread, by its path.
  const thread = 'sqlite-checkpoint-thread.js'
  cpSync(join(root, 'packages/server/src/metadata', thread), join(folder, thread))
  cpSync(join(root, 'packages/console/dist'), join(npm, 'console'), { recursive: true })
  mkdirSync(join(npm, 'bin'))
  writeScript('berth', 'main.js')
  writeScript('docker-credential-berth', 'credential-helper.js')
  cpSync(join(root, 'LICENSE'), join(npm, 'LICENSE'))
  writeFileSync(join(npm, 'README.md'), readme)
  writeFileSync(join(npm, 'package.json'), `${JSON.stringify(manifest(), undefined, 2)}\n`)
  for (const name of addons) copyAddon(name)
  // The licences of the console lie beside it.
  const inputs = Object.keys(metafile.inputs).map((input) => join(root, input))
  writeFileSync(join(npm, 'NOTICE'), licencesOf('The package', inputs))
}

/** An old Node would stumble over the first new word in the code, and tell nobody why. */
function writeScript(name: string, main: string): void {
  const file = join(npm, 'bin', name)
  const text = `#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < ${nodeMin.major} || (major === ${nodeMin.major} && minor < ${nodeMin.minor})) {
  process.stderr.write('error: berth needs Node ${nodeMin.major}.${nodeMin.minor} or newer, and this is ' + process.versions.node + '.\\n')
  process.exit(10)
}
await import('../lib/${main}')
`
  writeFileSync(file, text)
  chmodSync(file, 0o755)
}

/** The addon and its machine code for this platform. npm fetches that of another platform where it is installed there. */
function copyAddon(name: string): void {
  const scope = name.split('/')[0] ?? ''
  const modules = join(root, 'node_modules')
  const names = execFileSync('ls', [join(modules, scope)], { encoding: 'utf8' }).split('\n')
  for (const each of names.filter((entry) => entry.startsWith(name.slice(scope.length + 1)))) {
    cpSync(join(modules, scope, each), join(npm, 'node_modules', scope, each), { recursive: true })
  }
}

function manifest(): Record<string, unknown> {
  const versions = addons.map((name) => {
    const file = join(root, 'node_modules', name, 'package.json')
    return [name, (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version]
  })
  return {
    name: 'berth',
    version,
    description: 'Images and models, from a Dockerfile to any registry and back',
    license: 'Apache-2.0',
    type: 'module',
    engines: { node: `>=${nodeMin.major}.${nodeMin.minor}.0` },
    bin: { berth: 'bin/berth', 'docker-credential-berth': 'bin/docker-credential-berth' },
    files: ['bin', 'console', 'lib', 'NOTICE'],
    dependencies: Object.fromEntries(versions),
    bundleDependencies: addons,
  }
}

/** The server brings native code and a thread of its own, which one file cannot hold. */
const withoutServer: Plugin = {
  name: 'without-server',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^@berth\/server\/program\.ts$/ }, ({ path }) => ({
      path,
      namespace: 'none',
    }))
    onLoad({ filter: /.*/, namespace: 'none' }, () => ({
      contents: `
        import { Command } from 'commander'
        export const serverProgram = () => new Command('berth')
        export function runServerCommand(argv) {
          process.stderr.write('error: The commands of the server are not in this executable.\\nInstall the npm package berth for them: docs/guides/installing-the-command.md\\n')
          return Promise.resolve(12)
        }`,
      resolveDir: join(root, 'packages/cli'),
    }))
  },
}

async function buildExecutable(): Promise<void> {
  const bundle = join(output, 'executable.cjs')
  const config = join(output, 'executable.json')
  await build({
    ...shared,
    // Not ES modules: those load every part of Node that any command uses before the first line runs.
    format: 'cjs',
    outfile: bundle,
    plugins: [withoutServer],
    stdin: {
      // By its own name it is the command, by the other one (a link) the credential helper.
      contents: `
        import { basename } from 'node:path'
        process.env.UV_THREADPOOL_SIZE ??= '16'
        const start = async () => {
          if (basename(process.argv0) === 'docker-credential-berth') {
            await import('./packages/cli/src/credential-helper.ts')
            return
          }
          const { runBerth } = await import('./packages/cli/src/program.ts')
          process.exitCode = await runBerth(process.argv.slice(2))
        }
        void start()`,
      resolveDir: root,
    },
  })
  const settings = {
    main: bundle,
    mainFormat: 'commonjs',
    output: join(output, 'berth'),
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
  }
  writeFileSync(config, JSON.stringify(settings))
  execFileSync(process.execPath, ['--build-sea', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  rmSync(bundle)
  rmSync(config)
}

const readme = `# berth

The command of Berth: builds images, copies them between registries, cleans up, locks digests, writes pipelines; and the
registry itself (\`berth serve\`).

\`\`\`sh
npm install --global berth-${version}.tgz
berth --help
berth doctor
\`\`\`

Needs Node 24.5 or newer. \`docker-credential-berth\` comes with it, a credential helper for docker.
`

rmSync(output, { recursive: true, force: true })
mkdirSync(npm, { recursive: true })
await buildPackage()
execFileSync('npm', ['pack', '--silent', '--offline', '--pack-destination', output], { cwd: npm })
await buildExecutable()
for (const name of [`berth-${version}.tgz`, 'berth']) {
  const { size } = statSync(join(output, name))
  process.stdout.write(`dist/${name}: ${(size / 1024 / 1024).toFixed(1)} MiB\n`)
}
