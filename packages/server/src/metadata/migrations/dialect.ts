import { type CreateTableBuilder, type RawBuilder, sql } from 'kysely'

export type Dialect = 'sqlite' | 'postgres'

/** The few places where the two engines spell a column differently. */
export function columnTypes(dialect: Dialect): {
  /** A number that the database counts up. */
  identity: 'integer' | 'bigserial'
  /** Text that sorts by bytes, as the distribution spec wants lists sorted. */
  bytewise: RawBuilder<unknown>
  bytes: 'blob' | 'bytea'
  /** Rows stored in the order of the primary key, where the engine can. */
  clustered: <Table extends string, Column extends string>(
    table: CreateTableBuilder<Table, Column>,
  ) => CreateTableBuilder<Table, Column>
} {
  if (dialect === 'sqlite') {
    return {
      identity: 'integer',
      bytewise: sql`text`,
      bytes: 'blob',
      clustered: (table) => table.modifyEnd(sql`without rowid`),
    }
  }
  return {
    identity: 'bigserial',
    bytewise: sql`text collate "C"`,
    bytes: 'bytea',
    clustered: (table) => table,
  }
}
