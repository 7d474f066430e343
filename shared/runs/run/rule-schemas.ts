/** The parts of a rule that a run keeps: their schemas, and the types inferred from them. */
import * as z from 'zod';
import { eventNames } from './event-names.ts';
import { failureClasses } from './failure-classes.ts';
import { amount, type Parsed, should, text, whole } from './field-schemas.ts';

export const groupSchema = z.strictObject(
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

/** `groupBy` is a template over the parts of the key. */
export type GroupStart = Parsed<typeof groupSchema>;

export const restoreSchema = z.strictObject(
  {
    days: whole(1, 30).describe('How long the restored copy is kept.'),
    tier: z
      .enum(['Expedited', 'Standard', 'Bulk'], should('"Expedited", "Standard" or "Bulk"'))
      .describe('How fast, and for how much.'),
  },
  should('an object such as { "days": 3, "tier": "Standard" }'),
);

/** After any other failure, another attempt cannot help, or only a person may decide about it. */
const retryable = failureClasses.filter(
  (failure) => failure !== 'unanswered' && failure !== 'input-gone' && failure !== 'too-costly',
);

export const retrySchema = z.strictObject(
  {
    attempts: whole(1, 10).describe('Attempts of one run, each a paid agent run.'),
    on: z
      .array(z.enum(retryable, should(`one of ${retryable.join(', ')}`)))
      .min(1, should('not empty'))
      .describe('The failures after which another attempt is made.'),
  },
  should('an object such as { "attempts": 2, "on": ["agent-failed"] }'),
);
/** Default: 2 attempts after `input-expired`, and 1 after everything else. */
export type Retry = Parsed<typeof retrySchema>;

export const rateSchema = z
  .strictObject(
    {
      perRun: amount('an amount of money').optional().describe('For each run.'),
      perMinute: amount('an amount of money').optional().describe('For each minute of the input.'),
      perGigabyte: amount('an amount of money').optional().describe('For each gigabyte (10⁹ bytes) of the input.'),
    },
    should('an object such as { "perMinute": 0.1 }'),
  )
  .describe('What an agent run costs, as you know it; added up. Estimates and the budget are made of it.');

export type Rate = Parsed<typeof rateSchema>;

export const budgetSchema = z.strictObject(
  {
    perDay: amount('an amount of money').describe('What a day (UTC) may cost.'),
    currency: text('a currency, such as "EUR"', 20).describe('In which rates and the budget are meant.'),
  },
  should('an object such as { "perDay": 50, "currency": "EUR" }'),
);

/** Of S3's storage classes, those whose objects can be read at once. */
const storageClasses = ['STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'] as const;

export const deliverSchema = z
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

/** All texts are templates. Keys are within the deliveries bucket and its stage's prefix. */
export type Delivering = Parsed<typeof deliverSchema>;

export const notifySchema = z
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

export type Notify = Parsed<typeof notifySchema>[number];
