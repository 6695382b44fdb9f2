import type { Admission, Permit } from './admission.ts'

const rootProject = 1

/** No rules and no books: every repository belongs to the root project. For tests, and for commands that push nothing. */
export const unrestricted: Admission = {
  admitUpload: () => Promise.resolve(),
  admitManifest: () => Promise.resolve([]),
  placeRepository: () => Promise.resolve(rootProject),
  admitTag: () => Promise.resolve(),
  record: () => Promise.resolve(),
}

/** Of Berth itself: it may do everything. */
export const systemPermit: Permit = {
  actor: { kind: 'system', id: 'system', name: 'system' },
  address: '',
  requestId: '',
  require: () => Promise.resolve(),
}
