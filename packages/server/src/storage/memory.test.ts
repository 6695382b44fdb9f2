import { describeStorageContract } from '../testing/storage-contract.ts'
import { openMemory } from './memory.ts'

describeStorageContract('memory', async () => openMemory())
