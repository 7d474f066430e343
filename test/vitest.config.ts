import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: resolve(import.meta.dirname, '..'),
    include: ['test/**/*.test.ts'],
    // The AWS adapters need emulators: `npm run test:aws` starts them and names these files itself.
    exclude: ['test/aws/**', '**/node_modules/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Clips are encoded by real FFmpeg; more files at once than cores only make each other slower.
    maxWorkers: 2,
    // The README says it once; on Node 20 the SDK would say it in every test that loads it.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
  },
});
