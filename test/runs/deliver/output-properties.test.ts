import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkObject } from '../../../shared/platform/metadata.ts';
import { propertiesOf } from '../../../shared/runs/deliver/output-properties.ts';
import type { Delivering } from '../../../shared/runs/run/rule-schemas.ts';
import type { Run } from '../../../shared/runs/run/run.ts';
import { claimedRun } from '../run/example-run.ts';

const output = { id: 'out/1', nodeName: 'Clips' };
const runOf = (deliver: Delivering | undefined, more: Partial<Run> = {}): Run =>
  ({ ...claimedRun(), ...more, rule: { ...claimedRun().rule, deliver } }) as Run;
const written = (deliver: Delivering | undefined, more: Partial<Run> = {}) =>
  propertiesOf(runOf(deliver, more), output, 'mp4');

const marks = {
  'tessera-run-id': 'A'.repeat(24),
  'tessera-output-id': 'out%2F1',
  'tessera-hops': '0',
  'tessera-root-run-id': 'A'.repeat(24),
};

describe('what is written on an output', () => {
  test('are our marks, without a rule’s word', () => {
    expect(written(undefined)).toEqual({ metadata: marks });
  });

  test('tells how often and since when its video goes round', () => {
    const lineage = { hops: 2, rootRunId: 'ROOT', parentRunId: 'PARENT' };
    expect(written(undefined, { lineage }).metadata).toMatchObject({
      'tessera-hops': '2',
      'tessera-root-run-id': 'ROOT',
    });
  });

  test('is what the rule’s templates say', () => {
    const deliver = {
      tags: { show: '{metadata.show}', agent: '{agent}' },
      metadata: { title: '{stem} für {data.who}' },
    };
    const variables = { metadata: { show: 'News & More' }, data: { who: 'Änne' } };
    expect(written(deliver, { variables })).toEqual({
      tags: { show: 'News _ More', agent: 'agent-1' },
      metadata: { title: 'talk f%C3%BCr %C3%84nne', ...marks },
    });
  });

  test('leaves out what asks for something that this object does not have', () => {
    const deliver = { tags: { show: '{metadata.show}', kept: 'yes' }, metadata: { show: '{sidecar.show}' } };
    expect(written(deliver)).toEqual({ tags: { kept: 'yes' }, metadata: marks });
  });

  test('is never anything that S3 would refuse, whatever an uploader wrote', () => {
    const text = fc.string({ unit: 'binary', maxLength: 2500 });
    fc.assert(
      fc.property(fc.dictionary(text, text, { maxKeys: 12 }), text, text, (named, a, b) => {
        const tags = { a: '{metadata.a}', b: 'x{metadata.b}', ...named };
        const metadata = { a: '{metadata.a}', b: '{metadata.b} ', 'tessera-run-id': 'another', ...named };
        const { metadata: kept, tags: labels } = written({ tags, metadata }, { variables: { metadata: { a, b } } });
        expect(() => checkObject('key', { metadata: { ...kept, crc32: '12345678' }, tags: labels })).not.toThrow();
        expect(kept).toMatchObject(marks);
      }),
      { numRuns: 100 },
    );
  });
});
