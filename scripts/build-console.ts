/**
 * Builds the console into `packages/console/dist`, each file also compressed, as the server sends it, and with
 * the licences of what is in it. Needs no network.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'vite'
import { licencesOf } from './licences.ts'

const folder = join(import.meta.dirname, '../packages/console')
const output = process.env.BERTH_CONSOLE_OUT ?? join(folder, 'dist')
const compressible = new Set(['.css', '.js', '.svg', '.txt'])
/** Below this a file fits into one packet either way. */
const bytesMin = 1024

const built = await build({
  configFile: join(folder, 'vite.config.ts'),
  logLevel: 'warn',
  build: { outDir: output, emptyOutDir: true },
})
const chunks = [built].flat().flatMap((each) => ('output' in each ? each.output : []))
const modules = chunks.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []))
writeFileSync(join(output, 'licences.txt'), licencesOf('The console', modules))

for (const entry of readdirSync(output, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !compressible.has(extname(entry.name))) continue
  const path = join(entry.parentPath, entry.name)
  const plain = readFileSync(path)
  if (plain.length < bytesMin) continue
  const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY }
  writeFileSync(`${path}.br`, brotliCompressSync(plain, { params: quality }))
  writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }))
}
