import fc from 'fast-check';
import { expect, test } from 'vitest';
import type * as z from 'zod';
import { InvalidInput } from '../../shared/errors.ts';
import { parseWire } from '../../shared/mosaic/parse.ts';
import * as wire from '../../shared/mosaic/schemas.ts';

const type = { node_type_id: 't', node_type_name: 'Mirror', docs_url: null, params_docs_url: null };
const counts = { completed: 1, in_progress: 0, failed: 0 };
const input = { video_url: 'https://x.example/a?s=1', thumbnail_url: null };
const output = {
  ...{ id: 'o', video_url: 'https://x.example/o?s=1', thumbnail_url: null, premiere_prproj_url: null },
  ...{ completed_at: '2026-01-01T00:00:00Z', original_node_id: 'n' },
};
const runError = { original_node_id: null, messages: ['m'] };
const agent = { id: 'a', name: 'A', description: '', created_at: 'x', updated_at: 'x' };
const ended = { status: 'completed', status_message: null, needs_credits: false, errors: [runError] };
const lists = { inputs: [input], outputs: [output] };
const event = { agent_id: 'a', run_id: 'r', node_status_counts: counts, triggered_by: null };
const updatedNode = { original_node_id: 'n', status: 'running', status_message: null, errors: [], outputs: [output] };

/** One documented example of each body; every field here must be there. */
const examples: readonly (readonly [name: string, schema: z.ZodType, example: object])[] = [
  [
    'whoami',
    wire.whoamiSchema,
    {
      ...{ organization_id: 'o', organization_name: 'O', organization_slug: 'o', user_id: 'u', email: 'e' },
      ...{ is_admin: false, api_key_id: 'k', created_at: 'x', last_used_at: null },
    },
  ],
  ['error', wire.errorBodySchema, { detail: 'no' }],
  ['node types', wire.nodeTypesSchema, { node_types: [type] }],
  ['node type', wire.nodeTypeSchema, { node_type: type }],
  [
    'agent changed',
    wire.agentChangedSchema,
    {
      ...{ success: true, agent_id: 'a', operations_applied: 1 },
      created_nodes: [{ temp_ref_id: null, agent_node_id: 'n' }],
    },
  ],
  ['agent list', wire.agentListSchema, { agents: [agent], next_cursor: null }],
  [
    'agent',
    wire.agentDetailSchema,
    {
      agent: { ...agent, visibility: 'private' },
      agent_nodes: [{ agent_node_id: 'n', node_type: type, params_used: {} }],
      connections: [{ source_agent_node_id: 'n', target_agent_node_id: 'm' }],
    },
  ],
  ['run accepted', wire.runAcceptedSchema, { run_id: 'r' }],
  [
    'agent run',
    wire.agentRunStatusSchema,
    { agent_id: 'a', started_at: 'x', node_status_counts: counts, ...ended, ...lists },
  ],
  [
    'agent run nodes',
    wire.agentRunNodesSchema,
    {
      run_id: 'r',
      nodes: [
        {
          ...{ agent_node_id: 'c', original_node_id: 'n', status: 'queued', status_message: null },
          ...{ errors: [], node_type: type, needs_credits: false },
        },
      ],
    },
  ],
  [
    'agent run list',
    wire.agentRunListSchema,
    {
      runs: [
        {
          ...{ run_id: 'r', agent_id: 'a', status: 'running', status_message: null, triggered_by: null },
          ...{ started_at: 'x', updated_at: 'x', node_status_counts: counts, ...lists },
        },
      ],
      next_cursor: null,
    },
  ],
  [
    'cancelled',
    wire.agentRunCancelledSchema,
    { success: true, run_id: 'r', tasks_cancelled: 1, nodes_reset: 2, message: 'm' },
  ],
  ['RUN_STARTED', wire.webhookPayloadSchema, { flag: 'RUN_STARTED', ...event, status: 'running', inputs: [input] }],
  [
    'RUN_PROGRESS',
    wire.webhookPayloadSchema,
    { flag: 'RUN_PROGRESS', ...event, status: 'running', updated_nodes: [updatedNode] },
  ],
  ['RUN_FINISHED', wire.webhookPayloadSchema, { flag: 'RUN_FINISHED', ...event, ...ended, ...lists }],
];

type Path = readonly (string | number)[];

/** Paths of every field of an example, at any depth. */
function fieldsOf(value: unknown, path: Path = []): Path[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => fieldsOf(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [[...path, name], ...fieldsOf(inner, [...path, name])]);
}

function changed(
  value: unknown,
  [step, ...rest]: Path,
  change: (object: Record<string, unknown>, name: string) => void,
) {
  const copy = structuredClone(value) as Record<string | number, unknown>;
  let at = copy;
  let name = step ?? '';
  for (const next of rest) {
    at = at[name] as Record<string | number, unknown>;
    name = next;
  }
  change(at as Record<string, unknown>, String(name));
  return copy;
}

const shown = (path: Path): string =>
  path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');

test.each(examples)('%s: the documented example passes, unchanged', (_name, schema, example) => {
  expect(parseWire(schema, example, 'It')).toEqual(example);
});

test.each(examples)('%s: unknown fields pass at any depth and are kept', (_name, schema, example) => {
  const objects: Path[] = [[], ...fieldsOf(example).filter((path) => isPlainObject(at(example, path)))];
  const unknown = fc.tuple(fc.constantFrom(...objects), fc.stringMatching(/^x_[a-z]{1,8}$/), fc.jsonValue());
  fc.assert(
    fc.property(unknown, ([path, name, value]) => {
      const more = changed(example, [...path, name], (object, key) => {
        object[key] = value;
      });
      expect(parseWire(schema, more, 'It')).toEqual(more);
    }),
    { numRuns: 50 },
  );
});

test.each(examples)('%s: a field that is missing is named by its path', (_name, schema, example) => {
  for (const path of fieldsOf(example)) {
    const less = changed(example, path, (object, key) => {
      delete object[key];
    });
    expect(() => parseWire(schema, less, 'It')).toThrow(`${shown(path)}: expected`);
  }
});

test.each(examples)(
  '%s: a field of the wrong type is named by its path, its value is not shown',
  (_name, schema, example) => {
    for (const path of fieldsOf(example)) {
      const wrong = changed(example, path, (object, key) => {
        const isText = typeof object[key] === 'string' || object[key] === null;
        object[key] = isText ? { secret: 'SECRET' } : 'SECRET';
      });
      // An object in place of null may be right: that is for the field's own meaning to say.
      const error = errorOf(() => parseWire(schema, wrong, 'It'));
      if (!error) expect(at(example, path)).toBeNull();
      else {
        expect(error).toBeInstanceOf(InvalidInput);
        expect(error.message).toContain(shown(path));
        expect(error.message).not.toContain('SECRET');
      }
    }
  },
);

test('whatever arrives, parsing answers or throws InvalidInput', () => {
  fc.assert(
    fc.property(fc.constantFrom(...examples), fc.jsonValue(), ([, schema], value) => {
      const error = errorOf(() => parseWire(schema, value, 'It'));
      expect(error === undefined || error instanceof InvalidInput).toBe(true);
    }),
  );
});

const isPlainObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

const at = (value: unknown, path: Path): unknown =>
  path.reduce((inner, step) => (inner as Record<string | number, unknown>)[step], value);

function errorOf(run: () => unknown): Error | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
