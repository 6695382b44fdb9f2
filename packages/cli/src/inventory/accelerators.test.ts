import { describe, expect, it } from 'vitest'
import { findAccelerator, findVariants, splitName } from './accelerators.ts'
import { buildContentGraph } from './content-graph.ts'
import { type InventoryImage, listImages } from './images.ts'
import { ContentsBuilder, type ImageSketch } from './testing/contents-builder.ts'

function imageOf(sketch: Partial<ImageSketch>, place = 'team/app:1'): InventoryImage {
  const builder = new ContentsBuilder()
  const [repository = '', tag = ''] = place.split(':')
  builder.put(repository, builder.image({ id: 'x', layers: [], ...sketch }), [tag])
  return listImages(buildContentGraph(builder.build()))[0]!
}

describe('findAccelerator', () => {
  it.each([
    [{ environment: ['CUDA_VERSION=12.4.1'] }, 'cuda', 'environment'],
    [{ environment: ['NVIDIA_VISIBLE_DEVICES=all'] }, 'cuda', 'environment'],
    [{ environment: ['ROCM_PATH=/opt/rocm'] }, 'rocm', 'environment'],
    [{ environment: ['ONEAPI_ROOT=/opt/intel'] }, 'xpu', 'environment'],
    [{ labels: { 'com.nvidia.cudnn.version': '9.1' } }, 'cuda', 'labels'],
    [{ steps: ['RUN apt-get install -y cuda-toolkit-12-4'] }, 'cuda', 'layers'],
    [
      { steps: ['RUN pip install torch --index-url https://download.pytorch.org/whl/rocm6.2'] },
      'rocm',
      'layers',
    ],
  ])('%j is told', (sketch, accelerator, toldBy) => {
    expect(findAccelerator(imageOf(sketch))).toEqual({ accelerator, toldBy })
  })

  it.each([
    ['team/app:1-gpu', 'gpu'],
    ['team/app-rocm6.2:1', 'rocm'],
    ['team/app:1.0-cu121', 'cuda'],
  ])('%s is told by its name', (place, accelerator) => {
    expect(findAccelerator(imageOf({}, place))).toEqual({ accelerator, toldBy: 'name' })
  })

  it.each([
    [{ environment: ['NVIDIA_VISIBLE_DEVICES=void'] }, 'team/app:1'],
    [{ environment: ['NVIDIA_VISIBLE_DEVICES=none'] }, 'team/app:1'],
    [{ environment: ['CUDA_VERSION='] }, 'team/app:1'],
    [{}, 'team/app:1-cpu'],
    [{}, 'barracuda/app:occupied'],
  ])('%j at %s says nothing of one', (sketch, place) => {
    expect(findAccelerator(imageOf(sketch, place))).toBeUndefined()
  })
})

describe('splitName', () => {
  it.each([
    ['team/app:1.2-gpu', 'team/app:1.2'],
    ['team/app-gpu:1.2', 'team/app:1.2'],
    ['team/app:gpu', 'team/app'],
    ['team/app:2.3.1-cuda12.1-cudnn8-runtime', 'team/app:2.3.1-runtime'],
    ['team/app:1.2', 'team/app:1.2'],
    ['gpu/app:1', 'app:1'],
  ])('%s is a variant of %s', (name, stem) => {
    expect(splitName(name).stem.replace(/^\//, '')).toBe(stem)
  })
})

describe('findVariants', () => {
  it('compares what all, some and one of the variants have', () => {
    const builder = new ContentsBuilder()
    const base = { content: 'base', size: 100 }
    const torch = { content: 'torch', size: 40 }
    const put = (
      tag: string,
      sizes: readonly { content: string; size: number }[],
      environment: string[],
    ) =>
      builder.put('ml', builder.image({ id: tag, layers: sizes, environment, manifestSize: 1 }), [
        tag,
      ])
    put('1-cpu', [base, torch], [])
    put('1-cuda', [base, torch, { content: 'cuda', size: 300 }], ['CUDA_VERSION=12'])
    put('1-rocm', [base, { content: 'rocm', size: 200 }], ['ROCM_VERSION=6'])
    // The same for another accelerator alone is no pair.
    put('2-cuda', [base], ['CUDA_VERSION=12'])
    const graph = buildContentGraph(builder.build())
    const { images, groups } = findVariants(graph, listImages(graph))
    expect(images).toEqual({ cuda: 2, rocm: 1, xpu: 0, gpu: 0, cpu: 1 })
    expect(groups).toMatchObject([
      {
        name: 'ml:1',
        sharedLayers: 1,
        sharedBytes: 100,
        totalBytes: 100 + 40 + 300 + 200 + 3,
        variants: [
          { image: 'ml:1-cuda', totalBytes: 441, sharedBytes: 100, ownBytes: 301 },
          { image: 'ml:1-rocm', totalBytes: 301, sharedBytes: 100, ownBytes: 201 },
          { image: 'ml:1-cpu', totalBytes: 141, sharedBytes: 100, ownBytes: 1 },
        ],
      },
    ])
  })
})
