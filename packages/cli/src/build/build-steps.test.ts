import { expect, test } from 'vitest'
import { BuildSteps } from './build-steps.ts'

function count(text: string) {
  const steps = new BuildSteps()
  for (const line of text.split('\n')) steps.note(line)
  return { steps: steps.steps, cacheHits: steps.cacheHits, current: steps.current }
}

test('buildah, with two stages', () => {
  const text = `[1/2] STEP 1/2: FROM scratch AS one
[1/2] STEP 2/2: COPY a /a
--> Using cache 5cccb58180d8ec2a88cd23cf228c193675a8b9b46da0f738085fd90838fd075d
[2/2] STEP 1/3: FROM scratch
[2/2] STEP 2/3: COPY --from=one /a /b
[2/2] STEP 3/3: CMD ["/b"]
COMMIT`
  expect(count(text)).toEqual({
    steps: 3,
    cacheHits: 1,
    current: { number: 3, of: 3, text: 'CMD ["/b"]' },
  })
})

test("docker's classic builder", () => {
  const text = `Sending build context to Docker daemon  2.048kB
Step 1/4 : ARG BASE
Step 2/4 : FROM scratch
 --->
Step 3/4 : COPY a /a
 ---> Using cache
 ---> 0123456789ab
Step 4/4 : RUN ["/a"]
 ---> Running in ba9876543210
Successfully built 0123456789ab`
  expect(count(text)).toMatchObject({ steps: 2, cacheHits: 1 })
})

test('BuildKit, whose context and base are no steps', () => {
  const text = `#1 [internal] load build definition from Dockerfile
#2 [internal] load .dockerignore
#2 CACHED
#4 [1/3] FROM docker.io/library/alpine
#4 CACHED
#5 [2/3] COPY a /a
#5 CACHED
#6 [linux/arm64 build 3/3] RUN make
#6 0.311 [1/2] compiling
#6 DONE 0.5s
#6 [linux/arm64 build 3/3] RUN make`
  expect(count(text)).toMatchObject({ steps: 2, cacheHits: 1 })
})
