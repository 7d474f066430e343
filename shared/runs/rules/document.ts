/** The rule document as people write it; `docs/rules.schema.json` is made of it, descriptions included. */
import * as z from 'zod';
import { should, text, texts, whole } from '../run/field-schemas.ts';
import { filterSchema } from '../run/filters.ts';
import {
  budgetSchema,
  deliverSchema,
  groupSchema,
  notifySchema,
  rateSchema,
  restoreSchema,
  retrySchema,
} from '../run/rule-schemas.ts';
import { paramsSchema } from './wording.ts';

const ruleSchema = z.strictObject(
  {
    id: text('text of at most 200 characters', 200)
      .optional()
      .describe(
        'The rule’s name, part of what makes an upload claimed once: a new name means new runs. Default: prefix and suffixes.',
      ),
    prefix: z
      .string(should('the start of the keys that it takes, such as "in/", or "" for all'))
      .optional()
      .describe('The start of the keys that it takes; "" takes all. Left out only beside "pattern" or "after".'),
    suffixes: texts('the end of a key, such as ".mp4"')
      .optional()
      .describe('Endings of which a key must have one, in any case.'),
    exclude: texts('a key pattern, such as "**/drafts/*"')
      .optional()
      .describe(
        'Key patterns, * within a folder and ** across folders, in any case: keys that match one are not taken.',
      ),
    pattern: text('a key pattern, such as "customers/{customer}/{show}.mp4"')
      .optional()
      .describe(
        'The shape of the whole key, with names for its parts, such as "customers/{customer}/{show}.mp4". The names are variables of templates.',
      ),
    agentId: text('the id of an agent', 500).optional().describe('The agent that edits.'),
    agentIds: texts('the id of an agent')
      .max(20, should('at most 20 agents'))
      .optional()
      .describe('Several agents: each gets a run of its own.'),
    after: text('the id of another rule')
      .optional()
      .describe(
        'The id of the rule whose outputs this one takes as its inputs, instead of uploads. They are not copied for it.',
      ),
    updateParams: paramsSchema
      .optional()
      .describe(
        'Parameters by the id of the agent’s node, for this rule’s runs. Texts may hold {variables}; one that is nothing but a variable keeps the type of its value.',
      ),
    priority: whole(0, 9).optional().describe('0 to 9: a higher one starts first. Default 5.'),
    filter: filterSchema.optional(),
    versions: z
      .enum(['both', 'newest'], should('"both" or "newest"'))
      .optional()
      .describe(
        'When a newer version of a key arrives while the older one runs: "both" go on (default), or only the "newest".',
      ),
    restore: restoreSchema
      .optional()
      .describe('Lets archived objects be restored, which costs money. Without it they are refused.'),
    sidecar: z
      .enum(['optional', 'required', 'ignored'], should('"optional", "required" or "ignored"'))
      .optional()
      .describe(
        'Settings of one object in <key>.tessera.json: taken where they are there (default), waited for, or not looked at.',
      ),
    gatherMinutes: whole(1, 10_080)
      .optional()
      .describe('How long a run waits for its sidecar or the rest of its group. Default 1440, a day.'),
    start: z
      .union(
        [z.enum(['object', 'manifest']), groupSchema],
        should('"object", "manifest" or a group such as { "groupBy": "{folder}", "count": 2 }'),
      )
      .optional()
      .describe(
        'What starts a run: each object (default), only a manifest <name>.run.json, or a group that is complete.',
      ),
    slots: whole(1, 1000)
      .optional()
      .describe('Runs of this rule in flight at most. Default: only the account’s limit.'),
    deadlineMinutes: whole(5, 10_080)
      .optional()
      .describe('How long a run may take from its start. Default: the stage’s.'),
    maxRunsPerHour: whole(1, 1_000_000).optional().describe('More wait for the next hour.'),
    retry: retrySchema
      .optional()
      .describe('Further attempts after a failure. Default: one more when an input link expired unread, else none.'),
    rate: rateSchema.optional(),
    deliver: deliverSchema.optional(),
    notify: notifySchema.optional(),
    data: z
      .record(z.string(), z.json(), should('an object'))
      .optional()
      .describe('Your own data: kept with the run, and in its manifest.'),
  },
  should('a rule such as { "prefix": "in/", "agentId": "…" }'),
);

export const documentSchema = z.strictObject(
  {
    $schema: z
      .string(should('the address of a schema'))
      .optional()
      .describe('The schema that an editor checks this file with.'),
    match: z
      .enum(['first', 'all'], should('"first" or "all"'))
      .optional()
      .describe(
        '"first": the first rule that matches a key decides (default). "all": each one that matches gets a run.',
      ),
    maxRunsPerHour: whole(1, 1_000_000)
      .optional()
      .describe('For all rules together; more wait for the next hour. It stops a storm. Default 1000.'),
    budget: budgetSchema
      .optional()
      .describe('What runs may cost by their estimates; what goes beyond it waits for the next day.'),
    rate: rateSchema.optional(),
    maxHops: whole(0, 20)
      .optional()
      .describe('How often an output may become an input again before it is called a loop. Default 3.'),
    rules: z
      .array(ruleSchema, should('a list of rules'))
      .describe('In order: where "match" is "first", an earlier rule goes before a later one.'),
  },
  should('an object such as { "rules": [] }'),
);

export type RuleDocument = z.infer<typeof documentSchema>;
export type WrittenRule = RuleDocument['rules'][number];

/** The names of all fields, to suggest one for a mistyped name. */
export const fieldNames: readonly string[] = [
  ...[documentSchema, ruleSchema, filterSchema, groupSchema, rateSchema, deliverSchema, notifySchema.element].flatMap(
    ({ shape }) => Object.keys(shape),
  ),
];
