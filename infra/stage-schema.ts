import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { z } from 'zod';

/** All of a function's environment may be 4 KB; the rules share it with a dozen other settings. */
const maxRulesBytes = 2_500;
/** Lambda ends a function after 900 s; a render also has to fetch its input and store its output. */
const maxRenderSeconds = 840;
/** No function may be larger; accounts that are new to Lambda often start at 3008. */
const maxMemoryMb = 10_240;

const retentionDays = Object.values(RetentionDays).filter(
  (days): days is number => typeof days === 'number' && days < RetentionDays.INFINITE,
);

const must = (what: string) => ({
  error: (issue: { input?: unknown }) =>
    issue.input === undefined
      ? `is missing; it must be ${what}`
      : `must be ${what}; it is ${JSON.stringify(issue.input)}`,
});

const whole = (least: number, most: number) => {
  const expected = must(`a whole number from ${least} to ${most}`);
  return z.number(expected).int(expected).min(least, expected).max(most, expected);
};
const text = (what: string) => z.string(must(what)).min(1, must(what));
const texts = (what: string) => z.array(text('a text'), must(what));

const ruleSchema = z.strictObject(
  {
    id: text('a short name').optional(),
    prefix: z.string(must('the start of the keys that the rule takes, such as "interviews/" ("" takes all)')),
    suffixes: texts('a list of endings, such as [".mp4"]')
      .min(1, must('a list of endings, such as [".mp4"]; leave it out to take all'))
      .optional(),
    agentId: text('the id of the agent that edits these uploads'),
    updateParams: z
      .record(
        z.string(),
        z.record(z.string(), z.unknown(), must('an object of parameters')),
        must('an object by node id'),
      )
      .optional(),
    priority: whole(0, 9).optional(),
  },
  must('a rule: { "prefix": "interviews/", "agentId": "…" }'),
);

const rulesSchema = z
  .strictObject({ rules: z.array(ruleSchema, must('a list of rules')) }, must('{ "rules": [ … ] }'))
  .superRefine(({ rules }, context) => {
    const bytes = Buffer.byteLength(JSON.stringify({ rules }));
    if (bytes > maxRulesBytes) {
      context.addIssue({
        code: 'custom',
        message: `are ${bytes} bytes as JSON; no more than ${maxRulesBytes} fit into a function's settings`,
      });
    }
    // A rule without an id is known by what it takes; see parseRules in shared/runs/rules.ts.
    const ids = rules.map(({ id, prefix, suffixes }) => id ?? `${prefix}*${(suffixes ?? []).join('|')}`);
    for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) {
      context.addIssue({ code: 'custom', message: `have two rules called "${id}"; give each its own id` });
    }
  });

/** What can be set per stage; `docs/deploy.md` explains each. */
export const stageSchema = z.strictObject({
  engine: z.enum(['self-hosted', 'mosaic'], must('"self-hosted" or "mosaic"')),
  mosaicApiUrl: z.url({
    protocol: /^https$/,
    ...must('the https address of the Mosaic API, such as "https://api.mosaic.so"'),
  }),
  rules: rulesSchema.optional(),
  slots: whole(1, 1_000),
  uploadLinkSeconds: whole(900, 604_800),
  uncertainWaitSeconds: whole(60, 3_600),
  runDeadlineSeconds: whole(1_800, 604_800),
  reconcileMinutes: whole(1, 60),
  trustedHosts: texts('a list of host names'),
  requestsPerSecond: whole(1, 10_000),
  renderLimitSeconds: whole(30, maxRenderSeconds),
  renderMemoryMb: whole(1_769, maxMemoryMb),
  rendersAtOnce: whole(2, 1_000),
  logRetentionDays: z.literal(retentionDays, must(`one of ${retentionDays.join(', ')}`)),
  alarmEmail: z.email(must('an e-mail address')).optional(),
});

export type StageSettings = Readonly<Required<Pick<Read, 'rules'>> & Omit<Read, 'rules'>>;
type Read = z.infer<typeof stageSchema>;
