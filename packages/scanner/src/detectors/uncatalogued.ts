import type { Detector } from '../detector.ts'

/** Places where packages lie that no detector reads, and why that matters. */
const places: readonly { path: RegExp; reason: string }[] = [
  {
    path: /(?:^|\/)\.pnp\.c?js$/,
    reason: "Yarn Plug'n'Play keeps npm packages as archives, which are not read",
  },
  {
    path: /(?:^|\/)conda-meta\/history$/,
    reason: 'packages that conda installed are not read, but for those in Python',
  },
  { path: /\.egg$/, reason: 'zipped Python eggs are not read' },
]

/** Says where packages are known to be that are not catalogued, so that nobody takes their absence for clean. */
export const uncatalogued: Detector = {
  name: 'uncatalogued',
  wants: ({ path }) => places.some((place) => place.path.test(path)),
  detect: async (file) => ({
    notCovered: places.find((place) => place.path.test(file.path))?.reason,
  }),
}
