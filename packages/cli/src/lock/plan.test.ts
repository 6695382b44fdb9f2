import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isClientError } from '@berth/client/client-error.ts'
import { parseDigest } from '@berth/oci/digest.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type FileKind, findReferences } from './file-kind.ts'
import { imageOf } from './find/found-reference.ts'
import { type LockedImage, type LockFile, lockKey } from './lock-file.ts'
import { planPins, planUnpins } from './plan.ts'
import type { Scan } from './scan.ts'
import { unifiedDiff } from './unified-diff.ts'
import { writeChanges } from './write-changes.ts'

const around = { isInTemplates: false, appVersion: '9.9', variables: new Map<string, string>() }

function scanOf(path: string, kind: FileKind, text: string): Scan {
  const { references } = findReferences(kind, text, around)
  return { folder: '/nowhere', files: [{ path, kind, text, references }], skipped: [] }
}

/** A lock with every image of the texts, each with a digest of its own. */
function lockOf(scan: Scan): LockFile {
  const keys = new Set(
    scan.files.flatMap(({ references }) =>
      references.flatMap((each) => {
        const image = imageOf(each)
        return image === undefined ? [] : [lockKey(image)]
      }),
    ),
  )
  const images = [...keys].map((key, at) => {
    const digest = parseDigest(`sha256:${(at + 1).toString(16).padStart(64, 'a')}`)
    const usedIn = [scan.files[0]?.path ?? '']
    return [key, { digest, mediaType: 'x', platforms: [], usedIn }] satisfies [string, LockedImage]
  })
  return { version: 1, images: Object.fromEntries(images), services: {} }
}

const blank = fc.stringMatching(/^ {1,4}$/)
const comment = fc.constantFrom('', ' # a comment', '  # image: not:1', ' #', ' # "quoted: {"')
const end = fc.constantFrom('\n', '\r\n')
const quote = fc.constantFrom('', '"', "'")
const name = fc.constantFrom('alpine', 'ghcr.io/acme/api', 'localhost:5000/a/b', '127.0.0.1:5000/x')
const tag = fc.constantFrom(
  '',
  ':1',
  ':v1.2.3-alpine3.20',
  ':latest',
  `:2@sha256:${'c'.repeat(64)}`,
)
const image = fc.tuple(name, tag).map((parts) => parts.join(''))
const mark = fc.constantFrom('', '\uFEFF')

const dockerfile = fc
  .tuple(mark, fc.array(fc.tuple(image, blank, end, fc.nat(4)), { minLength: 1, maxLength: 5 }))
  .map(([bom, froms]) => {
    const lines = froms.map(([reference, space, eol, shape], at) => {
      if (shape === 0) return `FROM${space}${reference}${space}AS s${at}${eol}`
      if (shape === 1) return `FROM \\${eol}# between${eol}${space}${reference}${eol}`
      if (shape === 2) return `ARG A${at}=${reference}${eol}FROM${space}\${A${at}}${eol}`
      if (shape === 3) return `FROM scratch${eol}COPY${space}--from=${reference} a b${eol}`
      return `FROM scratch${eol}RUN --mount=from=${reference},target=/x <<E${eol}FROM not:1${eol}E${eol}`
    })
    return bom + lines.join('')
  })

const service = fc.tuple(image, quote, blank, comment, end, fc.nat(2))

const compose = fc
  .tuple(mark, fc.array(service, { minLength: 1, maxLength: 5 }))
  .map(([bom, services]) => {
    const lines = services.map(([reference, q, space, after, eol, shape], at) => {
      if (shape === 0) return `  s${at}:${eol}    image:${space}${q}${reference}${q}${after}${eol}`
      if (shape === 1)
        return `  s${at}:${space}{ image:${space}"${reference}"${space}}${after}${eol}`
      return `  s${at}:${eol}    image:${space}\${X:-${reference}}${eol}    command: |${eol}      image: not:1${eol}`
    })
    return `${bom}services:\n${lines.join('')}`
  })

const kubernetes = fc.array(service, { minLength: 1, maxLength: 5 }).map((containers) =>
  containers
    .map(([reference, q, space, after, eol, shape]) => {
      const head = `---${eol}apiVersion: v1${eol}kind: Pod${eol}spec:${eol}  containers:${eol}`
      if (shape === 0) return `${head}  -${space}image:${space}${q}${reference}${q}${after}${eol}`
      if (shape === 1)
        return `${head}  - {name: a,${space}image:${space}"${reference}"}${after}${eol}`
      return `${head}  - args: ["image: not:1"]${eol}    image: ${q}${reference}${q}${after}${eol}`
    })
    .join(''),
)

const kustomization = fc
  .array(fc.tuple(name, quote, blank, comment, end, fc.nat(2)), { minLength: 1, maxLength: 5 })
  .map((images) => {
    const lines = images.map(([reference, q, space, after, eol, shape]) => {
      if (shape === 0) {
        return `- name:${space}${reference}${eol}  newTag:${space}${q}v1${q}${after}${eol}`
      }
      if (shape === 1) return `- {newTag: 'v1',${space}name: "${reference}"${space}}${after}${eol}`
      return `- newTag:${space}'1'${after}${eol}  name: ${reference}${eol}  digest: ""${eol}`
    })
    return `images:\n${lines.join('')}`
  })

const values = fc
  .array(fc.tuple(name, quote, blank, comment, end, fc.nat(3)), { minLength: 1, maxLength: 5 })
  .map((images) =>
    images
      .map(([reference, q, space, after, eol, shape], at) => {
        const head = `a${at}:${eol}  image:${eol}    repository:${space}${reference}${after}${eol}`
        if (shape === 0) return `${head}    tag:${space}${q}v1${q}${after}${eol}`
        if (shape === 1) return `${head}    tag: v1${eol}    digest:${space}""${after}${eol}`
        if (shape === 2) return `${head}    digest:${after}${eol}    tag: v1${eol}`
        return `a${at}: {image: {repository: ${reference}, tag: 'v1'${space}, digest: }}${after}${eol}`
      })
      .join(''),
  )

test.each([
  ['dockerfile', dockerfile],
  ['compose', compose],
  ['kubernetes', kubernetes],
  ['kustomization', kustomization],
  ['helmValues', values],
] as const)(
  '%s: nothing but digests is changed, once, and all of it can be taken back',
  (kind, texts) => {
    let found = 0
    fc.assert(
      fc.property(texts, (text) => {
        const scan = scanOf('file', kind, text)
        const lock = lockOf(scan)
        const [change] = planPins(scan, lock).changes
        const after = change?.after ?? text
        found += change?.edits.length ?? 0
        expect(bare(after, kind)).toBe(bare(text, kind))
        expect(after.match(/not:1/g)).toEqual(text.match(/not:1/g))
        expect(after).not.toMatch(/not:1@/)
        const again = scanOf('file', kind, after)
        expect(again.files[0]?.references.map(keyOf(lock))).toEqual(
          scan.files[0]?.references.map(keyOf(lock)),
        )
        expect(planPins(again, lock).changes).toEqual([])
        if (!text.includes('@sha256')) {
          expect(planUnpins(again, lock, false).changes[0]?.after ?? after).toBe(text)
        }
      }),
      { numRuns: 100 },
    )
    expect(found).toBeGreaterThan(100)
  },
)

/** The digest that is locked for a reference, by which it is the same before and after. */
function keyOf(lock: LockFile) {
  return (reference: Parameters<typeof imageOf>[0]) => {
    const named = imageOf(reference)
    if (named === undefined) return undefined
    const locked = lock.images[lockKey(named)]?.digest
    return locked ?? named.digest
  }
}

function bare(text: string, kind: FileKind): string {
  const lines = kind === 'kustomization' ? /(?:\r?\n +|, )digest: sha256:[0-9a-f]{64}/g : /(?!)/g
  return text
    .replaceAll(lines, '')
    .replaceAll(/@sha256:[0-9a-f]{64}/g, '')
    .replaceAll(/ ?sha256:[0-9a-f]{64}/g, '')
}

test('the plan is a diff that git takes, forth and back', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-plan-'))
  try {
    const pieces = fc.array(
      fc.oneof(
        service.map(
          ([reference, q, space, after, eol]) =>
            `- {image:${space}${q}${reference}${q}}${after}${eol}`,
        ),
        fc.constantFrom('# nothing\n', '\n', '# nothing\r\n', '- {name: x}\n'),
      ),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(pieces, fc.boolean(), (lines, isCut) => {
        const list = `apiVersion: v1\nkind: Pod\ncontainers:\n${lines.join('')}`
        const text = isCut ? list.replace(/\r?\n$/, '') : list
        const scan = scanOf('pod.yaml', 'kubernetes', text)
        const [change] = planPins(scan, lockOf(scan)).changes
        if (change === undefined) return
        writeFileSync(join(folder, 'pod.yaml'), text)
        writeFileSync(join(folder, 'plan.diff'), unifiedDiff(change))
        execFileSync('git', ['apply', '--whitespace=nowarn', 'plan.diff'], {
          cwd: folder,
          stdio: 'pipe',
        })
        expect(readFileSync(join(folder, 'pod.yaml'), 'utf8')).toBe(change.after)
        execFileSync('git', ['apply', '-R', '--whitespace=nowarn', 'plan.diff'], {
          cwd: folder,
          stdio: 'pipe',
        })
        expect(readFileSync(join(folder, 'pod.yaml'), 'utf8')).toBe(text)
      }),
      { numRuns: 40 },
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('changes are written all or not at all', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-write-'))
  try {
    writeFileSync(join(folder, 'a'), 'a', { mode: 0o640 })
    writeFileSync(join(folder, 'b'), 'b was changed')
    const changes = ['a', 'b'].map((path) => ({ path, before: path, after: `${path}2`, edits: [] }))
    const changed = await writeChanges(folder, changes).catch((error: unknown) => error)
    expect(isClientError(changed, 'inputInvalid')).toBe(true)
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('a')
    const missing = { path: 'none/c', before: '', after: 'c', edits: [] }
    const failed = await writeChanges(folder, [changes[0]!, missing]).catch(
      (error: unknown) => error,
    )
    expect(isClientError(failed, 'localFault')).toBe(true)
    expect(readdirSync(folder).sort()).toEqual(['a', 'b'])
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('a')
    await writeChanges(folder, [changes[0]!])
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('a2')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
