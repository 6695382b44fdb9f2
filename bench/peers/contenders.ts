import { berth } from './berth.ts'
import type { Contender } from './contender.ts'
import { distribution, dockerRegistry } from './docker-registry.ts'
import { nginx } from './nginx.ts'
import { zot, zotCommit } from './zot.ts'

export const contenders: Contender[] = [berth, dockerRegistry, distribution, zot, zotCommit, nginx]
