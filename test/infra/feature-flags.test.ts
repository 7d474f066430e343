import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { context } from './synthesize.ts';

const recommended: Record<string, unknown> = createRequire(import.meta.url)(
  'aws-cdk-lib/recommended-feature-flags.json',
);
const page = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8');
const [, section = ''] = page.split('### Feature flags\n');
/** `docs/deploy.md` gives each flag that differs from the recommendation a line with the reason. */
const explained = [...(section.split('\n#')[0] ?? '').matchAll(/^- `(@aws-cdk[^`]+)`/gm)].map(([, flag]) => flag);

test('cdk.json sets every feature flag that the CDK recommends', () => {
  expect(Object.keys(recommended).filter((flag) => !(flag in context))).toEqual([]);
});

test('docs/deploy.md explains each feature flag whose value is not the recommended one', () => {
  const different = Object.entries(recommended).filter(
    ([flag, value]) => JSON.stringify(context[flag]) !== JSON.stringify(value),
  );
  expect(different.map(([flag]) => flag)).toEqual(explained);
});
