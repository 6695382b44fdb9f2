import type { RepositoryName } from '@berth/oci/reference.ts'
import type { CredentialSource } from '../credentials/credentials.ts'
import type { RepositoryAddress } from '../image-reference.ts'
import type { KindApi, Probe, RegistryKind } from '../kinds/kind.ts'
import type { Transport } from '../transport/transport.ts'
import { RemoteRepository } from './remote-repository.ts'

export type RegistryClientOptions = {
  readonly transport: Transport
  readonly credentials: CredentialSource
  /** Registries (`host:port`) that are reached without TLS. Those on loopback are tried both ways without being named. */
  readonly plainHttp?: ReadonlySet<string> | undefined
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Where unfinished uploads are noted, so that another process can carry them on; without it nobody can. */
  readonly journalFile?: string | undefined
}
