import { z } from 'zod'
import { type Detected, type Detector, type ScannedFile, Unreadable } from '../detector.ts'
import { packageUrl } from '../purl.ts'

const maxBytes = 8 * 1024 ** 2
const namePattern = /^(?:@[a-z0-9~_.-]+\/)?[a-z0-9~_.-]+$/i

/**
 * Installed npm packages: every `package.json` below a `node_modules` folder that has a name and a version. What lacks one
 * of them only marks a folder (`{"type": "module"}`) or is a fixture. Lock files say what was wanted, not what is there.
 */
export const node: Detector = {
  name: 'node',
  wants: ({ path }) => path.endsWith('/package.json') && /(?:^|\/)node_modules\//.test(path),
  detect: async (file) => packagesOf(await parse(file)),
}

const license = z.union([z.string(), z.object({ type: z.string() })])
const packageJson = z.object({
  name: z.string(),
  version: z.string(),
  license: z
    .union([license, z.array(license)])
    .optional()
    .catch(undefined),
  licenses: z
    .union([license, z.array(license)])
    .optional()
    .catch(undefined),
})

async function parse(file: ScannedFile): Promise<z.infer<typeof packageJson> | undefined> {
  const text = (await file.read(maxBytes)).toString('utf8').replace(/^\uFEFF/, '')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    // Packages carry broken ones on purpose, for their own tests; those tell of no package anyway.
    if (!isPackageFolder(file.path)) return undefined
    throw new Unreadable(`it is not JSON: ${String(cause)}`, { cause })
  }
  const checked = packageJson.safeParse(value)
  return checked.success ? checked.data : undefined
}

/** Whether npm itself put it there: directly in a folder of `node_modules`. */
function isPackageFolder(path: string): boolean {
  return /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(path)
}

function packagesOf(parsed: z.infer<typeof packageJson> | undefined): Detected {
  const name = parsed?.name.trim() ?? ''
  const version = parsed?.version.trim().replace(/^[v=]+(?=\d)/, '') ?? ''
  if (parsed === undefined || version === '' || !namePattern.test(name)) return {}
  const declared = parsed.license ?? parsed.licenses ?? []
  const licenses = (Array.isArray(declared) ? declared : [declared])
    .map((item) => (typeof item === 'string' ? item : item.type).trim())
    .filter((item) => item !== '')
  return {
    packages: [
      {
        kind: 'npm',
        name,
        version,
        purl: packageUrl({ kind: 'npm', name, version }),
        licenses,
      },
    ],
  }
}
