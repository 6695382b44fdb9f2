import { passwordMethod } from './password-method.ts'
import type { RegistryKind } from './kind.ts'
import { explainGenerally } from './refusals.ts'

/** Berth itself. */
export const berth: RegistryKind = {
  name: 'berth',
  title: 'Berth',
  matchesHost: () => false,
  matchesProbe: ({ registry, origin, challenge }) =>
    challenge?.scheme === 'bearer' &&
    challenge.realm === `${origin}/token` &&
    challenge.service === registry,
  methods: [passwordMethod({ title: 'User name and password' })],
  explainRefusal: (refusal) => explainGenerally(refusal),
}
