import type { CompiledQuery } from 'kysely'
import type { Executor, Placeholder } from './database.ts'

/** Marks where a prepared read's value goes until the query is compiled. */
class Slot {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/**
 * Compiles a query whose values are not known yet: each placeholder travels through the query builder as
 * an opaque value and is found again among the compiled parameters.
 */
export function compileTemplate<Parameters extends object, Row>(
  db: Executor,
  build: (db: Executor, p: Placeholder<Parameters>) => { compile(): CompiledQuery<Row> },
): { sql: string; bind(parameters: Parameters): unknown[] } {
  // The builder only stores the value, so a Slot may pass for any type until `bind` replaces it.
  const placeholder = ((name: string) => new Slot(name)) as unknown as Placeholder<Parameters>
  const compiled = build(db, placeholder).compile()
  const template = compiled.parameters.map((value) =>
    value instanceof Slot ? { slot: value.name as keyof Parameters } : { value },
  )
  return {
    sql: compiled.sql,
    bind: (parameters) =>
      template.map((part) => ('slot' in part ? parameters[part.slot] : part.value)),
  }
}
