import { randomUUID } from 'node:crypto'
import type { VexRow } from '../metadata/vex-statements.ts'

export type VexScope = { repository?: string | undefined; image?: string | undefined }

export type VexInput = VexScope & {
  vulnerability: string
  package?: string | undefined
  status: VexRow['status']
  justification?: string | undefined
  statement?: string | undefined
}

export type LeftOut = { vulnerability: string; reason: string }

export function toVexRow(
  input: VexInput,
  origin: {
    projectId: number
    author: string
    source: VexRow['source']
    sourceDigest?: string
    at: string
  },
): VexRow {
  return {
    id: randomUUID(),
    project_id: origin.projectId,
    repository: input.repository ?? '',
    image_digest: input.image ?? '',
    vulnerability: input.vulnerability,
    package: input.package ?? '',
    status: input.status,
    justification: input.justification ?? null,
    statement: input.statement ?? null,
    author: origin.author,
    source: origin.source,
    source_digest: origin.sourceDigest ?? '',
    created_at: origin.at,
    revoked_at: null,
    revoked_by: null,
  }
}
