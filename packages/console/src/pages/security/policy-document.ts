import { policyDocument } from '@berth/api/policy-document.ts'
import { Document, isMap, isSeq, parseDocument, stringify, type YAMLSeq } from 'yaml'
import type * as z from 'zod'
import { policyText } from '../../text/policy.ts'
import { type RuleValue, withoutDefaults } from '../../resources/rule-schema.ts'

/** A rule in the editor. */
export type Draft = {
  /** Stays the same while the rule is edited and moved. */
  readonly key: string
  readonly value: RuleValue
  /** Where it stands in the document that it was read from; `undefined`: it is new. */
  readonly origin: number | undefined
  readonly isChanged: boolean
}

/** What is edited: rules and the document say the same, but while the YAML is broken. */
export type Draught = {
  readonly text: string
  readonly drafts: readonly Draft[]
  /** What `origin` points into. */
  readonly base: string
  readonly isBroken: boolean
}

const empty = 'apiVersion: berth/v1\nrules: []\n'
const lineWidth = 100
let lastKey = 0

export function newKey(): string {
  lastKey += 1
  return `rule-${lastKey}`
}

/** The state of the editor for a document; `undefined`: there is no policy yet. */
export function draughtOf(document: string | undefined): Draught {
  const text = document ?? empty
  const rules = rulesIn(text)
  return { text, drafts: (rules ?? []).map(draftAt), base: text, isBroken: rules === undefined }
}

function draftAt(value: RuleValue, origin: number): Draft {
  return { key: newKey(), value, origin, isChanged: false }
}

/** After typing into the YAML: the rules follow, if it can be read at all. */
export function withText(before: Draught, text: string): Draught {
  const rules = rulesIn(text)
  if (rules === undefined) return { ...before, text, isBroken: true }
  // Cards that are open stay open while the order is the same.
  const drafts = rules.map((value, index) => ({
    ...draftAt(value, index),
    key: before.drafts[index]?.key ?? newKey(),
  }))
  return { text, drafts, base: text, isBroken: false }
}

/** After a change of the rules: the document follows, with its comments where rules stay as they were. */
export function withDrafts(before: Draught, drafts: readonly Draft[]): Draught {
  return { ...before, drafts, text: splice(before.base, drafts) ?? write(before.base, drafts) }
}

/** The rules of a document as plain values, whether they are right or not; `undefined` when it cannot be read. */
function rulesIn(text: string): RuleValue[] | undefined {
  try {
    const document = parseDocument(text, { schema: 'core', resolveKnownTags: false })
    if (document.errors.length > 0 || !isMap(document.contents)) return undefined
    const { rules } = document.toJS({ maxAliasCount: 100 }) as { rules?: unknown }
    if (!Array.isArray(rules)) return undefined
    return rules.every((rule) => typeof rule === 'object' && rule !== null && !Array.isArray(rule))
      ? (rules as RuleValue[])
      : undefined
  } catch {
    return undefined
  }
}

/**
 * The document with the lines of unchanged rules as they are, so that only what was changed is another; `undefined` where rules
 * do not each stand on lines of their own.
 */
function splice(base: string, drafts: readonly Draft[]): string | undefined {
  const rules: unknown = parseDocument(base, { schema: 'core', resolveKnownTags: false }).get(
    'rules',
  )
  if (!isSeq(rules) || rules.flow === true || !rules.range || rules.items.length === 0) {
    return undefined
  }
  const starts = rules.items.map((item) =>
    isMap(item) && item.range ? base.lastIndexOf('\n', item.range[0] - 1) + 1 : 0,
  )
  const indents = starts.map((start) => /^ *(?=- )/.exec(base.slice(start))?.[0])
  const [indent] = indents
  if (indent === undefined || indents.some((each) => each !== indent)) return undefined
  const chunkStarts = starts.map((start) => startWithComments(base, start))
  const end = rules.range[2]
  const chunkOf = (origin: number) =>
    base.slice(chunkStarts[origin], chunkStarts[origin + 1] ?? end)
  const chunks = drafts.map(({ value, origin, isChanged }) => {
    if (origin !== undefined && !isChanged) return endedLine(chunkOf(origin))
    const comments = origin === undefined ? '' : base.slice(chunkStarts[origin], starts[origin])
    const text = stringify([withoutDefaults(value)], { aliasDuplicateObjects: false, lineWidth })
    return comments + text.replaceAll(/^(?=.)/gm, indent)
  })
  const text = base.slice(0, chunkStarts[0]) + chunks.join('') + base.slice(end)
  const wanted = drafts.map(({ value, isChanged }) => (isChanged ? withoutDefaults(value) : value))
  return JSON.stringify(rulesIn(text)) === JSON.stringify(wanted) ? text : undefined
}

/** Where the comments begin that stand right above a line. */
function startWithComments(text: string, line: number): number {
  let start = line
  while (start > 0) {
    const above = text.lastIndexOf('\n', start - 2) + 1
    if (!/^ *#/.test(text.slice(above, start))) break
    start = above
  }
  return start
}

function endedLine(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}

function write(base: string, drafts: readonly Draft[]): string {
  try {
    const document = parseDocument(base, { schema: 'core', resolveKnownTags: false })
    const before: unknown = document.get('rules')
    const rules = document.createNode([]) as YAMLSeq
    if (isSeq(before)) {
      rules.commentBefore = before.commentBefore
      rules.comment = before.comment
    }
    rules.items = drafts.map(({ value, origin, isChanged }) => {
      const old = isSeq(before) && origin !== undefined ? before.items[origin] : undefined
      if (old !== undefined && !isChanged) return old
      const node = document.createNode(withoutDefaults(value), { aliasDuplicateObjects: false })
      if (isMap(old)) node.commentBefore = old.commentBefore
      return node
    })
    document.set('rules', rules)
    return document.toString({ lineWidth })
  } catch {
    // An alias whose anchor is gone, for example: then without what people wrote around it.
    const plain = {
      apiVersion: 'berth/v1',
      rules: drafts.map(({ value }) => withoutDefaults(value)),
    }
    return new Document(plain, { aliasDuplicateObjects: false }).toString({ lineWidth })
  }
}

/** A fault of a rule: in which, at which of its keys (`maximumCvss.score`), and what is wrong. */
export type RuleFault = { readonly rule: number; readonly path: string; readonly message: string }

/** Checks the rules as the API does. */
export function faultsIn(drafts: readonly Draft[]): RuleFault[] {
  const rules = drafts.map(({ value }) => value)
  const { error } = policyDocument.safeParse({ apiVersion: 'berth/v1', rules })
  return (error?.issues ?? []).map((issue) => {
    const [, rule = 0, ...path] = issue.path
    return { rule: Number(rule), path: path.map(String).join('.'), message: messageOf(issue) }
  })
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_small' && issue.origin === 'array') return policyText.needsOne
  if (issue.code === 'too_small' && issue.origin === 'string') return policyText.notFilled
  return issue.message
}

export type PlacedFault = {
  readonly line: number
  readonly column: number
  readonly message: string
}

const placed = /^line (\d+), column (\d+): (.*)$/s

/** A fault of the server, which begins with its place in the document. */
export function placedFault(message: string): PlacedFault {
  const [, line, column, rest] = placed.exec(message) ?? []
  return rest === undefined
    ? { line: 1, column: 1, message }
    : { line: Number(line), column: Number(column), message: rest }
}
