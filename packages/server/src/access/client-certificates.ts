import { ConfigError, type ConfigFault } from '../config/config-error.ts'
import { type CertificateRule, certificateFields } from '../config/client-certificate-schema.ts'
import { BerthError } from '../errors.ts'
import { type Glob, matches, parseGlob } from './glob.ts'
import { readAlternativeNames } from './alternative-names.ts'
import { findUserNameFault } from './user-name.ts'

/** What is read of `TLSSocket.getPeerCertificate()`. */
export type PeerCertificate = {
  readonly subject?: { readonly CN?: string | readonly string[] | undefined } | undefined
  readonly subjectaltname?: string | undefined
}

export type CertificateIdentity = { readonly kind: 'user' | 'robot'; readonly name: string }

type Field = (typeof certificateFields)[number]

type Rule = {
  readonly match: readonly (readonly [Field, Glob])[]
  readonly kind: CertificateIdentity['kind']
  readonly template: string
}

const loginGrammar = /^[a-z0-9._/-]*\+[a-z0-9][a-z0-9._-]{0,63}$/
const loginMax = 255
const placeholder = /\{(\w+)\}/g

/** Tells users and robots by the certificate that their connection showed. */
export class ClientCertificates {
  readonly #rules: readonly Rule[]

  /** Throws `ConfigError` for rules that can never work. */
  constructor(rules: readonly CertificateRule[]) {
    const faults: ConfigFault[] = []
    this.#rules = rules.map((rule, index) =>
      readRule(rule, `http.tls.clientCertificates.rules[${index}]`, faults),
    )
    if (faults.length > 0) throw new ConfigError(faults)
  }

  /**
   * Whom the certificate stands for by the first rule that matches; `undefined` for nobody, and where it is not plain: a
   * certificate with several common names, names that cannot be told apart with certainty, or several that the same
   * rule takes for different identities. Ask only when the connection is `authorized`: the chain is not looked at here.
   */
  identify(certificate: PeerCertificate): CertificateIdentity | undefined {
    const names = readNames(certificate)
    const rule =
      names &&
      this.#rules.find(({ match }) =>
        match.every(([field, glob]) => names[field].some((name) => matches(glob, name))),
      )
    if (!rule) return undefined
    const filled = fillIn(rule, names)
    if (filled === undefined || !isName(rule.kind, filled)) return undefined
    return { kind: rule.kind, name: filled }
  }
}

type Names = Readonly<Record<Field, readonly string[]>>

function readNames({ subject, subjectaltname }: PeerCertificate): Names | undefined {
  const alternatives = readAlternativeNames(subjectaltname ?? '')
  if (alternatives === undefined) return undefined
  const commonName = subject?.CN
  const of = (type: string) =>
    alternatives.filter((name) => name.type === type).map(({ value }) => value)
  return {
    // Several common names come as a list: which of them was meant, nobody knows.
    commonName: typeof commonName === 'string' ? [commonName] : [],
    dnsName: of('DNS').map((name) => name.toLowerCase()),
    uri: of('URI'),
    email: of('email'),
  }
}

/** The template with the names that matched; `undefined` when there is more than one way to fill it in. */
function fillIn({ match, template }: Rule, names: Names): string | undefined {
  let isPlain = true
  const text = template.replaceAll(placeholder, (_, field: string) => {
    const glob = match.find(([known]) => known === field)
    const fitting = new Set(glob ? names[glob[0]].filter((name) => matches(glob[1], name)) : [])
    if (fitting.size !== 1) isPlain = false
    return [...fitting][0] ?? ''
  })
  return isPlain ? text : undefined
}

function isName(kind: CertificateIdentity['kind'], name: string): boolean {
  if (kind === 'user') return findUserNameFault(name) === undefined
  return name.length <= loginMax && loginGrammar.test(name)
}

function readRule(rule: CertificateRule, path: string, faults: ConfigFault[]): Rule {
  const match: [Field, Glob][] = []
  for (const field of certificateFields) {
    const text = rule.match[field]
    if (text === undefined) continue
    try {
      match.push([field, parseGlob(text, field)])
    } catch (error) {
      if (!(error instanceof BerthError)) throw error
      faults.push({ path: `${path}.match.${field}`, origin: '', problem: error.message })
    }
  }
  const kind = rule.user === undefined ? 'robot' : 'user'
  const template = rule.user ?? rule.robot ?? ''
  const fault = templateFault(
    kind,
    template,
    match.map(([field]) => field),
  )
  if (fault !== undefined) faults.push({ path: `${path}.${kind}`, origin: '', problem: fault })
  return { match, kind, template }
}

function templateFault(
  kind: CertificateIdentity['kind'],
  template: string,
  fields: readonly string[],
): string | undefined {
  for (const [text, field = ''] of template.matchAll(placeholder)) {
    if (!fields.includes(field)) {
      return `has ${text}, which match does not name. Accepted: ${fields.map((one) => `{${one}}`).join(', ')}`
    }
  }
  if (isName(kind, template.replaceAll(placeholder, 'a'))) return undefined
  // A placeholder may stand for the whole login of a robot.
  if (kind === 'robot' && new RegExp(`^${placeholder.source}$`).test(template)) return undefined
  return kind === 'user'
    ? 'is not the name of a user'
    : 'is not the login of a robot: <project>+<name>, or +<name> for one of the instance'
}
