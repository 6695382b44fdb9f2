/**
 * An advisory database cannot be used: the file is missing, broken, not one of Berth's, made by a newer Berth or only
 * half made. The message says what is wrong, where, and what to do.
 */
export class AdvisoryDatabaseError extends Error {
  override readonly name = 'AdvisoryDatabaseError'
}

/**
 * Advisory data cannot be taken over: it is broken, too large, not of the format it should be, or nothing of it could be
 * read. The database in force stays as it was. The message says what is wrong, where, and what to do.
 */
export class AdvisoryImportError extends Error {
  override readonly name = 'AdvisoryImportError'
}
