import type { RepositoryAddress } from '../image-reference.ts'

export class RemoteRepository {
  readonly address: RepositoryAddress
  constructor(address: RepositoryAddress) {
    this.address = address
  }
}
