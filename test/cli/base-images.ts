import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { mustRun, requireTool, run } from '../tools/process.ts'

/** A file system that stands in for a public base image, made of what this machine has. */
type BaseImage = { readonly name: string; readonly root: string }

const nodeProgram = join(import.meta.dirname, '../../node_modules/node/bin/node')

/** The files that programs load when they start, by `ldd`; none for a static one. */
async function librariesOf(programs: readonly string[]): Promise<string[]> {
  const { stdout } = await run('ldd', programs)
  return [...stdout.matchAll(/(?:=> |^\t)(\/\S+) \(/gm)].flatMap(([, path]) => path ?? [])
}

/** Copies files to the same paths below `root`; links become what they point at. */
async function place(root: string, files: readonly string[]): Promise<void> {
  await mustRun('cp', ['--parents', '--dereference', '--target-directory', root, ...new Set(files)])
}

/** A shell and its usual commands, as Alpine has them, from a static busybox. */
async function writeShell(root: string): Promise<void> {
  for (const folder of ['bin', 'tmp', 'opt', 'etc']) {
    await mkdir(join(root, folder), { recursive: true })
  }
  const busybox = requireTool('busybox')
  await mustRun('cp', ['--dereference', busybox, join(root, 'bin/busybox')])
  const commands = (await mustRun(busybox, ['--list'])).trim().split('\n')
  for (const name of commands) {
    if (name !== 'busybox') await symlink('busybox', join(root, 'bin', name))
  }
}

/** What gcc reads to compile and link `source` statically: its programs, headers, objects and archives. */
async function compilerFiles(source: string, output: string): Promise<string[]> {
  const gcc = requireTool('gcc')
  // Those of the Dockerfile: with others the compiler reads other headers.
  const flags = ['-static', '-O2']
  const named = (option: string): Promise<string> =>
    mustRun(gcc, [option]).then((text) => text.trim())
  const programs = await Promise.all(
    ['cc1', 'collect2'].map((name) => named(`-print-prog-name=${name}`)),
  )
  programs.push(gcc, requireTool('as'), requireTool('ld'))
  const headers = (await mustRun(gcc, [...flags, '-M', source])).split(/[\s\\]+/)
  const linked = await mustRun(gcc, [...flags, '-o', output, source, '-Wl,--trace'])
  const archives = linked.split('\n').map((line) => line.replace(/^\(|\(.*|\).*$/g, ''))
  const files = [...headers, ...archives].filter(
    (path) => path.startsWith('/') && path !== source && !path.startsWith('/tmp/'),
  )
  const plugin = await named('-print-file-name=liblto_plugin.so')
  return [...programs, ...files, plugin, ...(await librariesOf([...programs, plugin]))]
}

/**
 * Writes what the services of the quick start are built on. Nothing can be pulled from outside, so `alpine` is Debian's
 * static busybox, `gcc` is as much of this machine's compiler as `source` takes, and `node` is the workspace's own.
 */
export async function writeBaseImages(folder: string, source: string): Promise<BaseImage[]> {
  const images: BaseImage[] = []
  const add = async (name: string, files: readonly string[]): Promise<void> => {
    const root = join(folder, name.replace(':', '-'))
    await writeShell(root)
    if (files.length > 0) await place(root, files)
    images.push({ name, root })
  }
  await add('alpine:3.20', [])
  await add('gcc:14', await compilerFiles(source, join(folder, 'linked')))
  await add('node:22-alpine', await librariesOf([nodeProgram]))
  const bin = join(folder, 'node-22-alpine/bin/node')
  // Without its symbols it is 30 MB smaller, and is copied often.
  await mustRun(requireTool('strip'), ['-o', bin, nodeProgram])
  return images
}
