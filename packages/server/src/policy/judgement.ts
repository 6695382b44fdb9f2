import type { Facts, ImageFacts } from './facts.ts'
import { type Exception, isAtOrAbove, type PlacedRule } from './rules.ts'

/** Something that breaks a rule. */
export type Violation = {
  readonly project: string
  readonly rule: string
  readonly template: string
  readonly mode: 'enforce' | 'warn' | 'audit'
  readonly subject: string
  readonly found: string
  readonly wanted: string
  readonly fix: string | undefined
  readonly platform: string | undefined
  readonly score: number | undefined
  readonly due: string | undefined
  /** How a message to a client names it. Says the same whenever it is read. */
  readonly phrase: string
  /** It may pass once the image was scanned, and the rule says to wait for that. */
  readonly isPending: boolean
}

/** Something that would be a violation but for an exception or a statement. */
export type Suppressed = {
  readonly rule: string
  readonly subject: string
  readonly by: 'exception' | 'vex'
  readonly id: string
  readonly author: string
  readonly reason: string
  readonly endsAt: string | undefined
}

type Fault = {
  readonly subject: string
  readonly found: string
  readonly wanted: string
  readonly phrase: string
  readonly fix?: string | undefined
  readonly score?: number | undefined
  readonly due?: string | undefined
  readonly isPending?: boolean
  /** What exceptions name. */
  readonly vulnerability?: string
  readonly package?: string
}

/** What is found while one manifest is judged. */
export class Judgement {
  readonly facts: Facts
  /** Milliseconds. */
  readonly now: number
  readonly violations = new Map<string, Violation>()
  readonly suppressed = new Map<string, Suppressed>()
  readonly #exceptions: readonly Exception[]
  #validUntil = Infinity

  constructor(facts: Facts, exceptions: readonly Exception[], now: number) {
    this.facts = facts
    this.now = now
    this.#exceptions = exceptions.filter(({ endsAt }) => Date.parse(endsAt) > now)
  }

  /** The first moment at which the passage of time may change what was found; `undefined`: never. */
  get validUntil(): number | undefined {
    return this.#validUntil === Infinity ? undefined : this.#validUntil
  }

  /** From `moment` on another answer is possible. What lies behind is of no matter. */
  changesAt(moment: number): void {
    if (moment > this.now && moment < this.#validUntil) this.#validUntil = moment
  }

  /** Notes a violation, unless an exception covers it. The same in several images of an index counts once. */
  violate(
    { project, rule }: PlacedRule,
    template: string,
    image: ImageFacts | undefined,
    fault: Fault,
  ): void {
    const exception = this.#exceptionFor(project, rule.name, fault)
    if (exception) {
      this.changesAt(Date.parse(exception.endsAt))
      const { id, author, reason, endsAt } = exception
      this.suppress(rule.name, fault.subject, { by: 'exception', id, author, reason, endsAt })
      return
    }
    const key = JSON.stringify([project, rule.name, fault.subject, fault.found])
    if (this.violations.has(key)) return
    const isIndex = this.facts.kind === 'index'
    this.violations.set(key, {
      project,
      rule: rule.name,
      template,
      mode: rule.mode,
      subject: fault.subject,
      found: fault.found,
      wanted: fault.wanted,
      fix: fault.fix,
      platform: isIndex ? image?.platform : undefined,
      score: fault.score,
      due: fault.due,
      phrase: fault.phrase,
      isPending: fault.isPending ?? false,
    })
  }

  suppress(rule: string, subject: string, why: Omit<Suppressed, 'rule' | 'subject'>): void {
    this.suppressed.set(JSON.stringify([rule, subject, why.id]), { rule, subject, ...why })
  }

  /** Of several the one that lasts longest: until then nothing changes. */
  #exceptionFor(project: string, rule: string, fault: Fault): Exception | undefined {
    let longest: Exception | undefined
    for (const exception of this.#exceptions) {
      // An exception of a project cannot open what a project above it closes.
      if (!isAtOrAbove(exception.project, project) || !covers(exception, rule, fault)) continue
      if (!longest || Date.parse(exception.endsAt) > Date.parse(longest.endsAt)) longest = exception
    }
    return longest
  }
}

function covers(exception: Exception, rule: string, fault: Fault): boolean {
  if (exception.rule !== '' && exception.rule !== rule) return false
  if (exception.vulnerability !== '' && exception.vulnerability !== fault.vulnerability)
    return false
  if (exception.package === '') return true
  const { package: name } = fault
  return (
    name !== undefined &&
    (name === exception.package || name.slice(name.indexOf(':') + 1) === exception.package)
  )
}
