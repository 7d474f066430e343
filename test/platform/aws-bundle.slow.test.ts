import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const adapters = fileURLToPath(new URL('../../shared/platform/aws/index.ts', import.meta.url));

const telemetry = fileURLToPath(new URL('../../shared/platform/aws/telemetry.ts', import.meta.url));

async function bundle(names: string, splitting: boolean, from = adapters) {
  const contents = `import { ${names} } from '${from}'; export default [${names}];`;
  const { metafile } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('../..', import.meta.url)) },
    ...{ bundle: true, minify: true, splitting, format: 'esm', platform: 'node', target: 'node24' },
    mainFields: ['module', 'main'],
    ...{ write: false, outdir: 'unused', metafile: true },
  });
  return metafile;
}

test('nothing of the AWS SDK is loaded before it is used', async () => {
  const { outputs } = await bundle('dynamoTable, s3Bucket, sqsQueue, secretsManager, eventBridgeBus', true);
  const entry =
    Object.keys(outputs).find((name) => outputs[name]?.entryPoint !== undefined && name.includes('stdin')) ?? '';
  const loaded = new Set<string>();
  const load = (name: string) => {
    loaded.add(name);
    for (const { path, kind } of outputs[name]?.imports ?? [])
      if (kind === 'import-statement' && !loaded.has(path)) load(path);
  };
  load(entry);
  const inputs = [...loaded].flatMap((name) => Object.keys(outputs[name]?.inputs ?? {}));
  expect(inputs.some((input) => input.includes('platform/aws/index.ts'))).toBe(true);
  expect(inputs.filter((input) => input.includes('@aws-sdk') || input.includes('@smithy'))).toEqual([]);
});

test('what tells of an invocation adds less than 100 kB', async () => {
  const { outputs } = await bundle('powertoolsSink, powertoolsMetrics, traced', false, telemetry);
  const bytes = Object.values(outputs).reduce((sum, output) => sum + output.bytes, 0);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(100_000);
});

test.each([
  'dynamoTable',
  's3Bucket',
  'sqsQueue',
  'secretsManager',
  'eventBridgeBus',
  'dynamoTable, s3Bucket, sqsQueue, secretsManager',
])('a bundle with %s stays under 1 MB, so that a function with it stays under 2 MB', async (names) => {
  const { outputs } = await bundle(names, false);
  const bytes = Object.values(outputs).reduce((sum, output) => sum + output.bytes, 0);
  expect(bytes).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThan(1_000_000);
});
