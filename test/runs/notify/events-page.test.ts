import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { eventSchema, type RunEventTold } from '../../../shared/runs/notify/event.ts';
import { eventSchemaText } from '../../../shared/runs/notify/events-schema.ts';
import { signedHeaders } from '../../../shared/runs/notify/sign.ts';
import { eventNames } from '../../../shared/runs/run/event-names.ts';

const root = resolve(import.meta.dirname, '../../..');
const schemaFile = join(root, 'docs/events.schema.json');
const page = readFileSync(join(root, 'docs/events.md'), 'utf8');

const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);
const json = blocks('json').map((text) => JSON.parse(text));
const examples: RunEventTold[] = json.filter(({ type }) => type !== undefined);
const patterns: Pattern[] = json.filter((each) => each['detail-type'] !== undefined);

test('the published schema is that of the program', () => {
  const schema = eventSchemaText();
  if (process.env.WRITE_SCHEMA !== undefined) writeFileSync(schemaFile, schema);
  const command = 'WRITE_SCHEMA=1 npx vitest run --config test/vitest.config.ts test/runs/notices/events-page';
  expect(readFileSync(schemaFile, 'utf8') === schema, `docs/events.schema.json is out of date: run "${command}"`).toBe(
    true,
  );
});

describe('the page', () => {
  test('names every event, and every field that one can have', () => {
    for (const name of eventNames) expect(page).toContain(`\`${name}\``);
    const fields = eventSchema.options.flatMap(({ shape }) => Object.keys(shape.data.shape));
    expect([...new Set(fields)].filter((field) => !page.includes(`\`${field}\``))).toEqual([]);
  });

  test.each(examples.map((example) => [example.type, example]))('shows a %s as it is told', (_type, example) => {
    // Strictly: an example shows no field that is not there.
    const known = eventSchema.parse(example);
    expect(known).toEqual(example);
    expect(example.data.id).toBe(`${example.data.runId}-${example.data.revision}`);
  });

  test('has rules that let through what they should', () => {
    const taken = patterns.map((pattern) =>
      examples.filter((example) => matches(pattern, onBus(example))).map(({ type }) => type),
    );
    expect(taken).toEqual([
      ['Run Delivered', 'Run Partially Delivered'],
      ['Run Failed', 'Run Waiting For Credits'],
      ['Run Delivered'],
    ]);
  });

  test('verifies a webhook in the five lines that it shows', async () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const [first] = examples;
    const body = JSON.stringify(first);
    const headers = signedHeaders([secret], { id: first?.data.id ?? '', at: new Date(), body });
    const [code = ''] = blocks('js');
    const lines = code.trim().split('\n');
    expect(lines.length).toBeLessThanOrEqual(5);
    const steps = lines.filter((line) => !line.startsWith('import')).join('\n');
    const verify = new Function('Webhook', 'process', 'request', `${steps}\nreturn event;`);
    const environment = { env: { TESSERA_SIGNING_SECRET: secret } };
    expect(verify(Webhook, environment, { rawBody: body, headers })).toEqual(first);
    expect(() => verify(Webhook, environment, { rawBody: `${body} `, headers })).toThrow();
  });
});

const onBus = ({ type, timestamp, data }: RunEventTold) => ({
  ...{ source: 'tessera', 'detail-type': type, time: timestamp },
  detail: data,
});

type Pattern = { readonly [field: string]: readonly unknown[] | Pattern };

/** As EventBridge does it for what the page uses: a list of values, or of beginnings. */
const matches = (pattern: Pattern, event: { readonly [field: string]: unknown }): boolean =>
  Object.entries(pattern).every(([field, wanted]) => {
    const value = event[field];
    if (!Array.isArray(wanted)) return value !== undefined && matches(wanted as Pattern, value as never);
    return wanted.some((each) =>
      typeof each === 'object' ? String(value).startsWith((each as { prefix: string }).prefix) : each === value,
    );
  });
