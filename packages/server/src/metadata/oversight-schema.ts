/** A code with which the first administrator of a new Berth can be taken over. Only its hash is kept. */
export type SetupCodesTable = {
  code_hash: string
  user_id: string
  /** Of the generated password: with another one, the administrator needs no code any more. */
  password_hash: string
  created_at: string
  expires_at: string
}

/** What a job said while it ran; the oldest lines fall out. */
export type JobLogLinesTable = {
  job_id: string
  /** Counts up from 1 over all attempts. */
  number: number
  at: string
  level: 'info' | 'warning' | 'error'
  text: string
}
