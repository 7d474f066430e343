import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLog } from '../../../shared/log.ts';
import type { Write } from '../../../shared/platform/ports.ts';
import { redactLinksDeep } from '../../../shared/runs/run/redact.ts';
import { receiveWebhook } from '../../../shared/runs/settle/receive-webhook.ts';
import { openForTest } from '../../platform/open-world.ts';

const secret = 'LINKSECRET';

/** A signed link as it may stand in a report: plain, escaped, encoded once or twice, without its scheme. */
const signedLink = fc
  .tuple(
    fc.constantFrom('https://', 'HTTP://', 'gs://', 's3+https://', '', '//'),
    fc.constantFrom('x.example/a.mp4', 'user:pw@x.example/ä b', 'storage.example/o/%20/x'),
    fc.constantFrom('?X-Goog-Signature=', '?a=1&sig=', '#token=', ';Signature=', '&sig='),
    fc.constantFrom(
      (text: string) => text,
      (text: string) => text.replaceAll('/', '\\/'),
      encodeURIComponent,
      (text: string) => encodeURIComponent(encodeURIComponent(text)),
    ),
  )
  .map(([scheme, path, query, written]) => written(`${scheme}${path}${query}${secret}`));

const word = fc.constantFrom('', ' ', 'could not read ', '"', "'", '<', ')', 'x'.repeat(990), '日本');
const text = fc.tuple(word, signedLink, word).map((parts) => parts.join(''));
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.jsonValue(),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.string(), text), tie('json'), { maxKeys: 3 }),
  ),
}));
const report = fc.record(
  {
    flag: fc.oneof(fc.constantFrom('RUN_STARTED', 'RUN_PROGRESS', 'RUN_FINISHED', 'OUTPUT_FINISHED', 'NEW'), text),
    run_id: fc.oneof(fc.uuid(), text),
    agent_id: fc.oneof(fc.uuid(), text),
    status: fc.oneof(fc.constant('running'), text),
    status_message: fc.oneof(text, json),
    progress: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), json),
    node_status_counts: json,
    errors: fc.oneof(fc.array(fc.record({ original_node_id: text, messages: fc.array(text, { maxLength: 3 }) })), json),
    updated_nodes: fc.oneof(fc.array(fc.record({ status: text, errors: fc.array(text), outputs: json })), json),
    outputs: fc.oneof(fc.array(fc.record({ id: text, video_url: text })), json),
    output: json,
    triggered_by: json,
    [`https://x.example/?sig=${secret}`]: json,
  },
  { requiredKeys: [] },
);

test('no signed link of a report is stored, sent on or logged, wherever in it the link stands', async () => {
  const platform = openForTest();
  const lines: unknown[] = [];
  const deps = {
    runs: platform.table('runs'),
    settleQueue: platform.queue('settles'),
    payloads: platform.bucket('payloads'),
    clock: Date.now,
    log: createLog((line) => lines.push(line)),
    webhookSecret: async () => 'whsk_test',
  };
  const written: unknown[] = [];
  const runs = {
    ...deps.runs,
    write: (...writes: readonly Write[]) => {
      written.push(writes);
      return deps.runs.write(...writes);
    },
  };
  await fc.assert(
    fc.asyncProperty(fc.oneof(report, json), async (body) => {
      written.length = 0;
      await receiveWebhook(
        { ...deps, runs },
        { runId: 'R'.repeat(24), signature: 'whsk_test', body: Buffer.from(JSON.stringify(body)) },
      );
      expect(written).toHaveLength(1);
      expect(JSON.stringify([written, lines.splice(0)])).not.toContain(secret);
    }),
    { numRuns: 300 },
  );
});

test('words without a link stay as they are', () => {
  const said = { a: 'Could not read 3/4 of it: 50% & more? yes = no', b: ['C:/videos', 'and/or', 1, null, true] };
  expect(redactLinksDeep(said)).toEqual(said);
});

test('a long text without a link is cleaned in one pass', () => {
  const long = 'https:'.repeat(700) + '&a'.repeat(500) + '%25'.repeat(500);
  for (const text of [long, 'a'.repeat(4000), '%252'.repeat(1000), `?${'a%'.repeat(2000)}`])
    expect(String(redactLinksDeep(text)).length).toBeLessThanOrEqual(1000);
});
