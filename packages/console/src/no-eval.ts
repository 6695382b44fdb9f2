import { config } from 'zod'

// Before any schema is made: otherwise zod tries whether it may make code from text, which the policy of the page forbids.
config({ jitless: true })
