/** What a part of the page is given of a request that another part shares. */
export type Loaded<Data> = {
  readonly data: Data | undefined
  readonly error: Error | null
  readonly isPending: boolean
  readonly refetch: () => unknown
}
