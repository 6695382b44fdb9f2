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
    // Small, and so there at once: a style sheet that a lost connection broke off is not asked for again.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: true,
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // The browser reads it beside the other file, and not in one go with it.
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\/|src\/react\.ts/ },
            // What every page needs is one file, what many need another: dozens of small ones would wait for one another, as
            // browsers ask for six at a time.
            { name: 'base', tags: ['$initial'] },
            { name: 'common', minShareCount: 10 },
          ],
        },
      },
    },
  },
})
