import { accessCost } from './access-cost.ts'
import { audit } from './audit.ts'
import { blobSmall } from './blob-small.ts'
import { catalogue } from './catalogue.ts'
import { collect } from './collect.ts'
import { consolePages } from './console.ts'
import { copyImage } from './copy-image.ts'
import { imagePush } from './image-push.ts'
import { manifestGet } from './manifest-get.ts'
import { manyTags } from './many-tags.ts'
import { matchAgain } from './match-again.ts'
import { matchPackages } from './match-packages.ts'
import { memory } from './memory.ts'
import { policyGet } from './policy-get.ts'
import { pullLarge } from './pull-large.ts'
import { pushLarge } from './push-large.ts'
import { quotaPush } from './quota-push.ts'
import { search } from './search.ts'
import type { Scenario } from './scenario.ts'

export const scenarios: Scenario[] = [
  pullLarge,
  pushLarge,
  manifestGet,
  accessCost,
  policyGet,
  blobSmall,
  imagePush,
  copyImage,
  quotaPush,
  memory,
  manyTags,
  collect,
  audit,
  search,
  catalogue,
  matchAgain,
  matchPackages,
  consolePages,
]
