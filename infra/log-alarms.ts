import type { Construct } from 'constructs';
import type { Commands } from './commands.ts';
import type { LambdaFunction } from './constructs/lambda-function.ts';
import { LogAlarm, type LogAlarmProps, LogMetric } from './constructs/log-alarm.ts';
import { metricNamespace } from './pipeline-metrics.ts';

export interface LogAlarmsProps {
  readonly name: string;
  readonly commands: Commands;
  readonly functions: Readonly<Record<'startRun' | 'webhook' | 'settle' | 'copyOutput', LambdaFunction>>;
}

/** A few wrong secrets are normal on the internet. More in five minutes: the secret was changed at one end only. */
export const webhookErrorThreshold = 20;

/**
 * The alarms on log events: each needs a person, and its text says what to type. To add one, add an entry here and a
 * paragraph to `docs/runbook.md`; test/infra/runbook.test.ts checks both.
 */
const logAlarms = ({ commands, functions }: LogAlarmsProps): Record<string, AlarmSpec> => {
  const { tessera, setSecrets } = commands;
  const { startRun, webhook, settle, copyOutput } = functions;
  return {
    AccountHeld: {
      events: ['account.held'],
      functions: [startRun, settle, copyOutput],
      text:
        'the Mosaic account is out of credits, or it refuses the API key, or the API has not answered for 15 minutes. ' +
        `All rules wait; nothing is lost. The log says which. Buy credits, or set the key (${setSecrets}); then: ${tessera('resume')}.`,
    },
    UploadDenied: {
      events: ['upload.denied'],
      functions: [startRun],
      text:
        'an upload may not be read, or no link to it can be signed, because of the policy of the bucket, of its KMS key or ' +
        'of the signer role. The log of start-run names the object and the action. Allow the action (docs/deploy.md, "An existing ' +
        `bucket"). Tessera retries within the hour; to retry now: ${tessera('resume RUN')}.`,
    },
    LimitReached: {
      events: ['budget.reached', 'storm.stopped'],
      functions: [startRun, settle, copyOutput],
      text:
        'the daily budget or the hourly number of runs is used up, and new runs wait for the next day or hour. To list them: ' +
        `${tessera('runs --open')}. To raise budget or maxRunsPerHour: ${tessera('rules apply rules.json')}.`,
    },
    StartUnanswered: {
      events: ['start.unanswered-for-good', 'webhook.second-agent-run'],
      functions: [startRun, webhook, settle],
      text:
        'a start got no answer and may or may not have begun, or two agent runs report for one run. Another start could be ' +
        'paid for twice. The log names the run; look for it in the Mosaic dashboard. If it never began: ' +
        `${tessera('retry RUN --never-began')}. If there are two, cancel the one that the run does not name.`,
    },
    WebhookUnauthorised: {
      events: ['webhook.unauthorised'],
      functions: [webhook],
      level: 'warn',
      threshold: webhookErrorThreshold,
      text:
        `more than ${webhookErrorThreshold} webhooks in five minutes had the wrong secret: it was changed at one end only, or ` +
        `somebody guesses. Set the secret from the dashboard: ${setSecrets}. Runs continue, because settle polls the API.`,
    },
  };
};

type AlarmSpec = Omit<LogAlarmProps, 'namespace'>;

export function addLogAlarms(pipeline: Construct, props: LogAlarmsProps): readonly LogAlarm[] {
  const namespace = metricNamespace(props.name);
  // Counted without an alarm: such webhooks are stored and answered 200. A rising count means that the API has changed.
  const events = ['webhook.unknown-run', 'webhook.unknown-event'];
  const { webhook } = props.functions;
  new LogMetric(pipeline, 'WebhookUnknown', { namespace, events, level: 'warn', functions: [webhook] });
  return Object.entries(logAlarms(props)).map(
    ([id, alarm]) => new LogAlarm(pipeline, id, { ...alarm, namespace, text: `Tessera ${props.name}: ${alarm.text}` }),
  );
}
