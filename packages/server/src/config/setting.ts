/** What several sections of the schema share: units, kinds of setting, and the notes that a setting carries. */
import * as z from 'zod'
import { isListenAddress } from './value-checks.ts'

declare module 'zod' {
  interface GlobalMeta {
    /** Never shown, and the environment may name a file that holds it (`…_FILE`). */
    secret?: boolean
    /** A path: relative ones resolve against the folder of the file that names them. */
    path?: boolean
    /** What is accepted, where the JSON type does not say it. */
    accepted?: string
    /** What stands in for a default that depends on other settings. */
    derived?: string
  }
}

export const kibibyte = 1024
export const mebibyte = 1024 * kibibyte
export const gibibyte = 1024 * mebibyte

export const path = (description: string, derived?: string) =>
  z
    .string()
    .min(1)
    .max(4096)
    .refine((value) => !value.includes('\0'))
    .meta({ description, path: true, accepted: 'a path', ...(derived && { derived }) })

/** `meta` comes last: a later check would start a new schema without it. */
export const listenAddress = (value: string, description: string) =>
  z.string().refine(isListenAddress).default(value).meta({
    description,
    accepted: 'an IPv4 or IPv6 address, or `localhost`',
  })
