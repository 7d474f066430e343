/** The rule document as people write it; `docs/rules.schema.json` is made of it, descriptions included. */
import * as z from 'zod';
import { eventNames } from '../run/notice.ts';
import { failureClasses, storageClasses } from '../run/rule.ts';
import { paramsSchema, should, whole } from './wording.ts';

const text = (be: string, max = 1024) => z.string(should(be)).min(1, should(be)).max(max, should(be));
const amount = (be: string) => z.number(should(be)).min(0, should(be));
const texts = (be: string) => z.array(text(be), should(`a list such as ["…"], each ${be}`)).min(1, should(`not empty`));

export const videoContainers = [
  'mp4',
  'mov',
  'm4v',
  '3gp',
  'webm',
  'mkv',
  'avi',
  'ts',
  'flv',
  'mpg',
  'wmv',
  'mxf',
] as const;

/** After the others another attempt is nobody's but a person's to decide, or can never help. */
const triedAgain = failureClasses.filter(
  (failure) => failure !== 'unanswered' && failure !== 'input-gone' && failure !== 'too-costly',
);

const filterSchema = z
  .strictObject(
    {
      minBytes: amount('a number of bytes').optional().describe('The fewest bytes that a file may have.'),
      maxBytes: amount('a number of bytes').optional().describe('The most bytes that a file may have.'),
      containers: z
        .array(z.enum(videoContainers, should(`one of ${videoContainers.join(', ')}`)))
        .min(1, should('not empty'))
        .optional()
        .describe('What a file may be by its first bytes, whatever its name says. Default: any video.'),
      minSeconds: amount('a number of seconds').optional().describe('The shortest video that is taken.'),
      maxSeconds: amount('a number of seconds').optional().describe('The longest video that is taken.'),
      videoTrack: z
        .boolean(should('true or false'))
        .optional()
        .describe('Whether there must be a picture. Default true.'),
      audioTrack: z.boolean(should('true or false')).optional().describe('True: a file without sound is refused.'),
      unmeasurable: z
        .enum(['pass', 'reject'], should('"pass" or "reject"'))
        .optional()
        .describe('What happens to a file whose duration or tracks cannot be measured. Default "pass".'),
    },
    should('an object such as { "maxSeconds": 3600 }'),
  )
  .describe('What a file must be like; it is looked at before anything is paid for.');

const groupSchema = z.strictObject(
  {
    groupBy: text('a template of the key, such as "{folder}"').describe(
      'A template over the parts of the key, such as "{folder}": objects with the same text belong together.',
    ),
    count: whole(2, 50).optional().describe('The group is complete with this many objects.'),
    members: z
      .array(
        z.strictObject(
          {
            suffix: text('the end of a key, such as "-cam1.mp4"').describe(
              'The end of this member’s key, in any case.',
            ),
            nodeId: text('a node’s id').optional().describe('The Video Input node of the agent that it feeds.'),
          },
          should('an object such as { "suffix": "-cam1.mp4" }'),
        ),
        should('a list of members'),
      )
      .min(2, should('at least two members'))
      .max(50, should('at most 50 members'))
      .optional()
      .describe('The group is complete with one object for each of these endings.'),
    incomplete: z
      .enum(['reject', 'start'], should('"reject" or "start"'))
      .optional()
      .describe('When time is up: refuse what is incomplete (default), or start with what is there.'),
  },
  should('"object", "manifest" or a group such as { "groupBy": "{folder}", "count": 2 }'),
);

const rateSchema = z
  .strictObject(
    {
      perRun: amount('an amount of money').optional().describe('For each run.'),
      perMinute: amount('an amount of money').optional().describe('For each minute of the input.'),
      perGigabyte: amount('an amount of money').optional().describe('For each gigabyte (10⁹ bytes) of the input.'),
    },
    should('an object such as { "perMinute": 0.1 }'),
  )
  .describe('What an agent run costs, as you know it; added up. Estimates and the budget are made of it.');

const deliverSchema = z
  .strictObject(
    {
      key: text('a template of a key, such as "{folder}/{stem}-{output}.{extension}"')
        .optional()
        .describe(
          '(template) The key of each output within the deliveries. Default: <folder>/<stem>/<run>/<node>-<output>.<extension>.',
        ),
      tags: z
        .record(z.string(), z.string(should('text')), should('an object of texts'))
        .optional()
        .describe('(templates) Object tags, at most 10.'),
      metadata: z
        .record(z.string(), z.string(should('text')), should('an object of texts'))
        .optional()
        .describe('(templates) User metadata; names in lower case.'),
      storageClass: z
        .enum(storageClasses, should(`one of ${storageClasses.join(', ')}`))
        .optional()
        .describe('S3’s, for outputs and what lies beside them. Default STANDARD.'),
      ifExists: z
        .enum(['rename', 'replace', 'fail'], should('"rename", "replace" or "fail"'))
        .optional()
        .describe(
          'Where another object has the key: a name with a mark of the run (default), a new version in its place, or no delivery of this output.',
        ),
      beside: z
        .array(z.enum(['thumbnail', 'project'], should('"thumbnail" or "project"')))
        .optional()
        .describe('What is delivered beside the videos where the agent made it. Default both; [] for none.'),
    },
    should('an object such as { "key": "{folder}/{stem}-{output}.{extension}" }'),
  )
  .describe('Where outputs go, and what is written on them.');

const notifySchema = z
  .array(
    z.strictObject(
      {
        url: text('a URL that begins with https://', 2000).describe('Where the event is posted to, signed.'),
        events: z
          .array(z.enum(eventNames, should(`one of ${eventNames.map((name) => `"${name}"`).join(', ')}`)))
          .min(1, should('not empty'))
          .optional()
          .describe('Of which events it is told. Default: of all.'),
      },
      should('an object such as { "url": "https://example.com/tessera" }'),
    ),
    should('a list such as [{ "url": "https://example.com/tessera" }]'),
  )
  .min(1, should('not empty'))
  .max(10, should('at most 10 URLs'))
  .describe('Who is told by webhook of what becomes of this rule’s runs.');

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
    restore: z
      .strictObject(
        {
          days: whole(1, 30).describe('How long the restored copy is kept.'),
          tier: z
            .enum(['Expedited', 'Standard', 'Bulk'], should('"Expedited", "Standard" or "Bulk"'))
            .describe('How fast, and for how much.'),
        },
        should('an object such as { "days": 3, "tier": "Standard" }'),
      )
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
    retry: z
      .strictObject(
        {
          attempts: whole(1, 10).describe('Attempts of one run, each a paid agent run.'),
          on: z
            .array(z.enum(triedAgain, should(`one of ${triedAgain.join(', ')}`)))
            .min(1, should('not empty'))
            .describe('The failures after which another attempt is made.'),
        },
        should('an object such as { "attempts": 2, "on": ["agent-failed"] }'),
      )
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
    budget: z
      .strictObject(
        {
          perDay: amount('an amount of money').describe('What a day (UTC) may cost.'),
          currency: text('a currency, such as "EUR"', 20).describe('In which rates and the budget are meant.'),
        },
        should('an object such as { "perDay": 50, "currency": "EUR" }'),
      )
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

/** Every field's name, for whoever mistyped one. */
export const fieldNames: readonly string[] = [
  ...[documentSchema, ruleSchema, filterSchema, groupSchema, rateSchema, deliverSchema, notifySchema.element].flatMap(
    ({ shape }) => Object.keys(shape),
  ),
];
