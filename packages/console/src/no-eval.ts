import { config } from 'zod/v4'

// Stands in for `zod` in the build, so that it runs before any schema is made, in whichever file that is: otherwise zod tries
// whether it may make code from text, which the policy of the page forbids.
config({ jitless: true })

export * from 'zod/v4'
