import { defineConfig } from 'vitest/config'

// One project per room of test/: what is pure and fast, what needs fake adapters, what needs the real thing.
const project = (name: string, options: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], ...options },
})

export default defineConfig({
  test: {
    projects: [
      // A busy machine is no failure.
      project('unit', { testTimeout: 30_000 }),
      project('synth', { testTimeout: 60_000 }),
      project('pipeline', { testTimeout: 30_000 }),
      // The package as others install it: npm and their compilers run, one project at a time.
      project('pack', {
        globalSetup: 'test/pack/setup.ts',
        testTimeout: 20 * 60_000,
        hookTimeout: 20 * 60_000,
        fileParallelism: false,
      }),
      // A cluster that no lab made: `npm run test:foreign`, after a deploy has made the artifacts.
      project('foreign', { testTimeout: 20 * 60_000, hookTimeout: 20 * 60_000 }),
      // What goes wrong with a real lab; all of it with `npm run test:faults`.
      project('faults', {
        testTimeout: 30 * 60_000,
        hookTimeout: 30 * 60_000,
        maxWorkers: 1,
        fileParallelism: false,
      }),
      // The real lab: one file, one worker, its tests in order; each step has its own deadline in the product.
      project('e2e', {
        globalSetup: 'test/pack/setup.ts',
        testTimeout: 45 * 60_000,
        hookTimeout: 45 * 60_000,
        maxWorkers: 1,
        fileParallelism: false,
      }),
    ],
  },
})
