import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvalidInput } from '../../shared/errors.ts';
import { parseWebhook } from '../../shared/mosaic/webhook.ts';

const finished = {
  flag: 'RUN_FINISHED',
  agent_id: 'a',
  run_id: 'r',
  status: 'partial_complete',
  status_message: 'one clip failed',
  needs_credits: true,
  node_status_counts: { completed: 2, in_progress: 0, failed: 1 },
  errors: [{ original_node_id: null, messages: ['no speech found'] }],
  triggered_by: null,
  inputs: [{ video_url: 'https://x.example/i?sig=SECRET', thumbnail_url: null }],
  outputs: [{ id: 'o', video_url: 'https://x.example/o?sig=SECRET' }],
};

test('a webhook is read without its links', () => {
  expect(parseWebhook(finished)).toEqual({
    flag: 'RUN_FINISHED',
    agentRunId: 'r',
    agentId: 'a',
    status: 'partial_complete',
    statusMessage: 'one clip failed',
    progress: undefined,
    nodeStatusCounts: { completed: 2, inProgress: 0, failed: 1 },
    needsCredits: true,
    errors: [{ nodeId: undefined, messages: ['no speech found'] }],
    nodes: undefined,
    outputIds: ['o'],
  });
});

test('the nodes that changed are read, and what is odd about them is left out', () => {
  const updated_nodes = [
    {
      original_node_id: 'n',
      status: 'failed',
      status_message: 'no',
      errors: ['e'],
      outputs: [{ id: 'o' }, { id: 3 }, 4],
    },
    { original_node_id: null, status: 'completed' },
  ];
  expect(parseWebhook({ flag: 'RUN_PROGRESS', run_id: 'r', updated_nodes }).nodes).toEqual([
    { nodeId: 'n', status: 'failed', statusMessage: 'no', errors: ['e'], outputIds: ['o'] },
    { nodeId: undefined, status: 'completed', statusMessage: undefined, errors: [], outputIds: [] },
  ]);
});

test('what is optional never makes a report unreadable', () => {
  const odd = {
    status: 3,
    needs_credits: 'no',
    node_status_counts: [1e300],
    errors: 'e',
    updated_nodes: {},
    outputs: 4,
  };
  expect(parseWebhook({ flag: 'RUN_FINISHED', run_id: 'r', ...odd })).toMatchObject({ agentRunId: 'r' });
});

test.each(['https://x.example/?sig=1', 'a/b', '', 'r'.repeat(201)])('%j is no id of a run', (run_id) => {
  expect(() => parseWebhook({ flag: 'RUN_STARTED', run_id })).toThrow('run_id');
});

test('progress is read where a server tells it', () => {
  expect(parseWebhook({ flag: 'RUN_PROGRESS', run_id: 'r', progress: 0.25 }).progress).toBe(0.25);
  expect(parseWebhook({ flag: 'RUN_PROGRESS', run_id: 'r', progress: 25 }).progress).toBeUndefined();
});

test.each([
  [{ event: 'RUN_FINISHED', run_id: 'r', status: 'completed', needsCredits: false }, 'RUN_FINISHED'],
  [{ flag: 'OUTPUTS_FINISHED', run_id: 'r', outputs: [{ id: 'o' }] }, 'OUTPUTS_FINISHED'],
  [{ flag: 'OUTPUT_FINISHED', run_id: 'r', output: [{ id: 'o' }] }, 'OUTPUT_FINISHED'],
  [{ flag: 'TEST', run_id: 'test', timestamp: 'x', message: 'm', user_id: 'u', test_data: {} }, 'TEST'],
])('an older form is read: %j', (body, flag) => {
  expect(parseWebhook(body).flag).toBe(flag);
});

test('a webhook without a flag or a run is refused by name', () => {
  expect(() => parseWebhook({ run_id: 'r' })).toThrow('flag: expected string, got nothing');
  expect(() => parseWebhook({ flag: 'RUN_STARTED' })).toThrow('run_id: expected string, got nothing');
});

test('whatever arrives is read or refused, and no value is shown', () => {
  const body = fc.record(
    { flag: fc.anything(), run_id: fc.anything(), status: fc.anything(), node_status_counts: fc.anything() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(body, fc.anything()), (value) => {
      try {
        parseWebhook(value);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidInput);
      }
    }),
  );
});
