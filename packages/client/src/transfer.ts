/** One step of something that takes time and moves bytes. `id` is the same for all steps of one transfer. */
export type TransferEvent =
  | {
      readonly kind: 'started'
      readonly id: string
      /** What is moved, short: `layer 1f2e3d4c5b6a`. */
      readonly label: string
      /** Bytes in all; `undefined` when nobody knows. */
      readonly total: number | undefined
    }
  /** `bytes` is how many of the total are done by now; it falls when a piece has to be sent again. */
  | { readonly kind: 'advanced'; readonly id: string; readonly bytes: number }
  | {
      readonly kind: 'finished'
      readonly id: string
      /** In a word or two: `sent`, `mounted`, `already there`. */
      readonly outcome: string
    }
  | { readonly kind: 'failed'; readonly id: string; readonly reason: string }

export type TransferListener = (event: TransferEvent) => void
