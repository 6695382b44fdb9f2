import type { RegistryKind } from './kind.ts'
import { passwordMethod } from './password-method.ts'
import { explainRefusal } from './refusals.ts'

/** Anything that speaks the distribution protocol and is none of the others: docker-registry with htpasswd, for instance. */
export const distribution: RegistryKind = {
  name: 'distribution',
  title: 'Registry',
  matchesHost: () => false,
  matchesProbe: () => true,
  methods: [passwordMethod({ title: 'User name and password' })],
  explainRefusal: (refusal) => explainRefusal(refusal),
}
