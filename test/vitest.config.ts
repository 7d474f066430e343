import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Spawned programs, whole crash sweeps, and what waits in real time. Each promise has one test outside of these. */
const slow = ['test/**/*.slow.test.ts'];
/** Files that set environment variables which the AWS SDK or FFmpeg's finder read once in a process. */
const setEnvironment = [
  'test/platform/{event-bridge,link-addresses,link-role,s3-answers,s3-writes,secrets}.test.ts',
  'test/journeys/command-{stage,stage-doctor,watch,doctor}.test.ts',
  'test/engine/media/run-ffmpeg.test.ts',
];
/** The AWS adapters need emulators: `npm run test:aws` starts them and names these files itself. */
const never = ['test/aws/**', '**/node_modules/**'];

const project = (name: string, include: string[], exclude: string[], isolate: boolean) => ({
  test: {
    name,
    root: resolve(import.meta.dirname, '..'),
    include,
    exclude: [...never, ...exclude],
    isolate,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

/** `npm test` runs all but `slow`; `npm run test:all` and `.ci/run` run everything. */
export default defineConfig({
  test: {
    // Clips are encoded by real FFmpeg; more files at once than cores only make each other slower.
    maxWorkers: 2,
    projects: [
      // One process imports the CDK and the SDK once for many files, so no file may leave anything behind.
      project('fast', ['test/**/*.test.ts'], [...slow, ...setEnvironment], false),
      project('environment', setEnvironment, [], true),
      project('slow', slow, [], true),
    ],
  },
});
