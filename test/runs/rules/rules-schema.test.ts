import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkRules } from '../../../shared/runs/rules/check-rules.ts';
import { parseRules } from '../../../shared/runs/rules/parse-rules.ts';
import { ruleSchemaText } from '../../../shared/runs/rules/rules-schema.ts';

const root = resolve(import.meta.dirname, '../../..');
const schemaFile = join(root, 'docs/rules.schema.json');
const guide = readFileSync(join(root, 'docs/rules.md'), 'utf8');

test('docs/rules.schema.json matches the program’s schema', () => {
  const schema = ruleSchemaText();
  if (process.env.WRITE_SCHEMA !== undefined) writeFileSync(schemaFile, schema);
  const command = 'WRITE_SCHEMA=1 npx vitest run --config test/vitest.config.ts test/runs/rules/schema';
  expect(readFileSync(schemaFile, 'utf8') === schema, `docs/rules.schema.json is out of date: run "${command}"`).toBe(
    true,
  );
});

test('every field of the schema has a description', () => {
  const fields: [string, unknown][] = [];
  JSON.parse(ruleSchemaText(), (_key, value) => {
    if (value?.properties !== undefined) fields.push(...Object.entries(value.properties));
    return value;
  });
  expect(fields.length).toBeGreaterThan(40);
  expect(
    fields.filter(([, schema]) => !(schema as { description?: string }).description).map(([name]) => name),
  ).toEqual([]);
});

describe('the guide', () => {
  const examples = [...guide.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) => text);

  test('docs/rules.md has at least five examples', () => expect(examples.length).toBeGreaterThanOrEqual(5));

  test.each(examples.map((text, index) => [index + 1, text]))(
    'example %i of docs/rules.md can be applied',
    async (_index, text) => {
      const places = { uploads: 'uploads', deliveries: 'deliveries', deliveriesPrefix: '' };
      expect(await checkRules(String(text), { places })).toEqual([]);
      expect(parseRules(JSON.parse(String(text))).rules.length).toBeGreaterThan(0);
    },
  );

  test('docs/rules.md names every field of a rule', () => {
    const { properties } = JSON.parse(ruleSchemaText()).properties.rules.items;
    const unnamed = Object.keys(properties).filter((name) => !guide.includes(`\`${name}\``));
    expect(unnamed).toEqual([]);
  });
});
