import type { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { Commands } from './commands.ts';
import type { LambdaFunction } from './constructs/lambda-function.ts';
import { Counted, Happening, type HappeningProps } from './constructs/log-alarm.ts';
import { namespaceOf } from './pipeline-metrics.ts';

type Tellers = Readonly<Record<'startRun' | 'webhook' | 'settle' | 'copyOutput', LambdaFunction>>;

export interface Happenings {
  readonly alarms: readonly Alarm[];
  /** What each counts, by the alarm's name. */
  readonly counted: readonly { readonly id: string; readonly metric: Metric }[];
}

/** A few wrong guesses are the internet; this many in five minutes are a secret that was changed at one end only. */
export const oddWebhooks = 20;

/** The alarms on what functions log: each is something that waits for a person, and says what to type. */
export function happeningsOf(
  scope: Construct,
  name: string,
  { tessera: type, setSecrets }: Commands,
  tellers: Tellers,
): Happenings {
  const { startRun, webhook, settle, copyOutput } = tellers;
  const namespace = namespaceOf(name);
  // Stored and answered 200, and nothing to be done about; a rising count shows an API that has become another.
  const unknown = ['webhook.unknown-run', 'webhook.unknown-event'];
  new Counted(scope, 'WebhookUnknown', { namespace, events: unknown, level: 'warn', by: [webhook] });
  const happening = (
    id: string,
    events: string[],
    by: LambdaFunction[],
    text: string,
    odd: Pick<HappeningProps, 'level' | 'moreThan'> = {},
  ) =>
    new Happening(scope, id, {
      namespace,
      events,
      by,
      text: `Tessera ${name}: ${text}`,
      ...odd,
    });
  const found = [
    happening(
      'AccountHeld',
      ['account.held'],
      [startRun, settle, copyOutput],
      'the Mosaic account is out of credits, or refuses the API key, or has not answered for a quarter of an hour, and every rule ' +
        'waits. The log says which. Buy credits, or set the key ' +
        `(${setSecrets}); then: ${type('resume')}. Nothing is lost meanwhile.`,
    ),
    happening(
      'UploadDenied',
      ['upload.denied'],
      [startRun],
      'an upload may not be read, or no link to it can be signed: the policy of the bucket, of its KMS key or of the signer role ' +
        'does not allow it. The log of start-run names the object and the action. Allow it (docs/deploy.md, "An existing ' +
        'bucket"); it is tried again within the hour, at once ' +
        `with: ${type('resume RUN')}.`,
    ),
    happening(
      'LimitReached',
      ['budget.reached', 'storm.stopped'],
      [startRun, settle, copyOutput],
      'the daily budget or the hourly number of runs is reached, and new runs wait for the next day or hour. See which: ' +
        `${type('runs --open')}. To let more through, raise budget or maxRunsPerHour: ${type('rules apply rules.json')}.`,
    ),
    happening(
      'StartUnanswered',
      ['start.unanswered-for-good', 'webhook.second-agent-run'],
      [startRun, webhook, settle],
      'a start got no answer and nobody knows whether it began, or one run tells of two agent runs. To start again could be paid ' +
        'twice. The log names the run; look for it in the Mosaic dashboard. If it never began: ' +
        `${type('retry RUN --never-began')}; of two, cancel the one that the run does not name.`,
    ),
    happening(
      'WebhookUnauthorised',
      ['webhook.unauthorised'],
      [webhook],
      `more than ${oddWebhooks} webhooks in five minutes had the wrong secret: it was changed at one end only, or somebody guesses. ` +
        `Set it as it is in the dashboard: ${setSecrets}. Runs go on; settle asks meanwhile.`,
      { level: 'warn', moreThan: oddWebhooks },
    ),
  ];
  return {
    alarms: found.map(({ alarm }) => alarm),
    counted: found.map(({ node, metric }) => ({ id: node.id, metric })),
  };
}
