import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Addresses are relative to `<base>`, which the server sets, so that one build serves any path prefix. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react()],
  resolve: {
    alias: [{ find: /^zod$/, replacement: join(import.meta.dirname, 'src/no-eval.ts') }],
  },
  build: {
    target: 'es2023',
    // An inline picture or font would need a hole in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: true,
    // The framework and its parts are one file: they are needed by every page.
    chunkSizeWarningLimit: 1000,
  },
})
