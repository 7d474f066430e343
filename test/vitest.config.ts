import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    // The AWS adapters need emulators: `npm run test:aws` starts them and names these files itself.
    exclude: ['test/aws/**', '**/node_modules/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Clips are encoded by real FFmpeg; more files at once than cores only make each other slower.
    maxWorkers: 2,
  },
});
