import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const adapters = fileURLToPath(new URL('../../shared/platform/aws/index.ts', import.meta.url));

async function bundle(names: string, splitting: boolean) {
  const contents = `import { ${names} } from '${adapters}'; export default [${names}];`;
  const { metafile } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('../..', import.meta.url)) },
    ...{ bundle: true, minify: true, splitting, format: 'esm', platform: 'node', target: 'node22' },
    ...{ write: false, outdir: 'unused', metafile: true },
  });
  return metafile;
}

test('nothing of the AWS SDK is loaded before it is used', async () => {
  const { outputs } = await bundle('dynamoTable, s3Bucket, sqsQueue, secretsManager', true);
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

test.each(['dynamoTable', 's3Bucket', 'sqsQueue', 'secretsManager', 'dynamoTable, s3Bucket, sqsQueue, secretsManager'])(
  'a bundle with %s stays under 1 MB, so that a function with it stays under 2 MB',
  async (names) => {
    const { outputs } = await bundle(names, false);
    const bytes = Object.values(outputs).reduce((sum, output) => sum + output.bytes, 0);
    expect(bytes).toBeGreaterThan(100_000);
    expect(bytes).toBeLessThan(1_000_000);
  },
);
