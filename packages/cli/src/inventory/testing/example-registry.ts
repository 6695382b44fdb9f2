import { packLayer, type PushedImage, RegistryPusher } from './push-registry.ts'

type Server = { readonly origin: string; readonly username: string; readonly password: string }

export type ExampleRegistry = {
  readonly images: Readonly<Record<ExampleImage, PushedImage>>
  /** Bytes of each layer, as it is stored. */
  readonly layers: Readonly<Record<ExampleLayer, number>>
}

type ExampleImage =
  | 'pythonOld'
  | 'pythonNew'
  | 'api1'
  | 'api2'
  | 'worker'
  | 'batch'
  | 'trainerCpu'
  | 'trainerGpu'
type ExampleLayer = keyof ReturnType<typeof exampleLayers>

/** Two versions of a base, images on each of them, one layer in two packings, a GPU and a CPU variant, and a copy. */
export async function pushExampleRegistry(server: Server, scale = 1): Promise<ExampleRegistry> {
  const layers = exampleLayers(scale)
  const pusher = new RegistryPusher(server)
  const { system1, system2, python1, python2, api, api2, tools, toolsRepacked, job, torch, cuda } =
    layers
  const python = { Env: ['PATH=/usr/bin', 'PYTHON_VERSION=3.12.7'] }
  const steps = ["# debian.sh --arch 'amd64' out/ 'bookworm' '@1730000000'", 'RUN build python']
  const push = (
    repository: string,
    tag: string,
    of: readonly (typeof system1)[],
    more: { config?: Record<string, unknown>; created?: string } = {},
  ): Promise<PushedImage> =>
    pusher.image(repository, [tag], { layers: of, config: python, steps, ...more })
  try {
    const pythonOld = await push('base/python', '3.12.7', [system1, python1], {
      created: '2026-05-02T08:00:00Z',
    })
    const pythonNew = await push('base/python', '3.12.8', [system2, python2], {
      created: '2026-11-02T08:00:00Z',
    })
    const api1 = await push('team/api', '1.0', [system1, python1, api])
    const api2Image = await push('team/api', '1.1', [system2, python2, api2])
    const worker = await push('team/worker', '1.0', [system1, python1, tools])
    const batch = await push('team/batch', '1.0', [system2, python2, toolsRepacked, job])
    const trainerCpu = await push('team/trainer', '2.0-cpu', [system2, python2, torch])
    const trainerGpu = await push('team/trainer', '2.0-gpu', [system2, python2, torch, cuda], {
      config: { Env: [...python.Env, 'NVIDIA_VISIBLE_DEVICES=all', 'CUDA_VERSION=12.4.1'] },
    })
    await push('mirror/api', '1.0', [system1, python1, api])
    return {
      images: {
        pythonOld,
        pythonNew,
        api1,
        api2: api2Image,
        worker,
        batch,
        trainerCpu,
        trainerGpu,
      },
      layers: Object.fromEntries(
        Object.entries(layers).map(([name, { blob }]) => [name, blob.length]),
      ) as ExampleRegistry['layers'],
    }
  } finally {
    pusher.close()
  }
}

function exampleLayers(scale: number) {
  return {
    system1: packLayer('system 1', 30_000 * scale),
    system2: packLayer('system 2', 31_000 * scale),
    python1: packLayer('python 1', 12_000 * scale),
    python2: packLayer('python 2', 12_500 * scale),
    api: packLayer('api', 4000 * scale),
    api2: packLayer('api 2', 4200 * scale),
    tools: packLayer('tools', 9000 * scale, 1),
    toolsRepacked: packLayer('tools', 9000 * scale, 9),
    job: packLayer('job', 2000 * scale),
    torch: packLayer('torch', 20_000 * scale),
    cuda: packLayer('cuda', 50_000 * scale),
  }
}
