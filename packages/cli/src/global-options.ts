/** The options that every command takes; `program.ts` defines them. */
export type GlobalOptions = {
  readonly json?: boolean
  readonly quiet?: boolean
  readonly caFile?: string[]
  readonly plainHttp?: string[]
  /** `registry=kind`, where neither address nor answers tell. */
  readonly kind?: string[]
}
