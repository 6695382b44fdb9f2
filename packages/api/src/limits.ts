/** What robots, keys and rules for workloads have in common: how far they reach. */
import * as z from 'zod'

export const repositoryAction = z
  .enum(['pull', 'push', 'createTag', 'moveTag', 'deleteTag', 'delete'])
  .describe('What can be done with a repository; `delete` is of manifests and blobs.')

export const actions = z
  .array(repositoryAction)
  .min(1)
  .max(6)
  .describe(
    'What it may do. To push an image takes `pull`, `push`, `createTag` and, to push it again, `moveTag`.',
  )

export const repositories = z
  .array(z.string().min(1).max(256))
  .min(1)
  .max(100)
  .describe(
    'Patterns of whole repository names: `*` stands for any characters but `/`, `**` for any characters, `?` for one, `{a,b}` for one of several.',
  )

export const allowedAddresses = z
  .array(z.string().min(2).max(50))
  .min(1)
  .max(100)
  .describe('Addresses and CIDR ranges, IPv4 and IPv6, from which it may be used.')

export const machineName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
  .describe('1 to 64 lowercase letters, digits, `.`, `_` and `-`, a letter or a digit first.')

export const expiresAt = z.iso
  .datetime({ offset: true })
  .nullable()
  .describe('From when on it is worth nothing; `null`: no end.')
