/** A named part of a program. */
export type Section = Mapping & { readonly name: string }

/** Bytes of the file that appear at an address when the program runs. */
export type Mapping = {
  readonly address: number
  readonly offset: number
  readonly size: number
}

/** What is needed to find data in a program of any format. */
export type Executable = {
  readonly sections: readonly Section[]
  /** By which an address is found in the file. */
  readonly mappings: readonly Mapping[]
  /** Where the linker puts its own data when that has no section of its name. */
  readonly data: Mapping | undefined
}
