import type { Context } from 'aws-lambda';
import { Rejected } from '../../shared/errors.ts';
import { createLog } from '../../shared/log.ts';
import { powertoolsMetrics, powertoolsSink, traced } from '../../shared/platform/aws/telemetry.ts';

/** A function as Lambda runs it, invoked once with the event that the program is given. */
const log = createLog(powertoolsSink()).with({ runId: 'run-1' });
const { metrics } = powertoolsMetrics('Tessera/Test');
const event: { Records?: { body: string }[]; fails?: boolean; many?: number } = JSON.parse(process.argv[2] ?? '{}');
const context = { functionName: 'settle', awsRequestId: 'request-1' } as Context;

const handler = traced(async ({ fails, many = 0 }: typeof event) => {
  for (let n = 0; n < many; n++) metrics.count('RunsFailed', 1, { class: 'engine' });
  log.info('run-settled', { bytes: 5, message: 'kept', service: 'theirs', none: null });
  log.warn('link-stale', { url: 'https://host.example/clip.mp4?X-Amz-Signature=secret' });
  metrics.count('RunsEnded', 1, { status: 'delivered' });
  metrics.count('RunsEnded', 1, { status: 'delivered' });
  metrics.count('RunsEnded', 1, { status: 'failed' });
  metrics.milliseconds('CopyMilliseconds', 1200);
  metrics.bytes('BytesDelivered', 5_000_000_000);
  if (fails) throw new Rejected('The store said no to https://host.example/clip.mp4?signature=secret');
  return 'done';
}, 'settle');

try {
  console.log(JSON.stringify({ returned: await handler(event, context) }));
} catch (error) {
  console.log(JSON.stringify({ threw: (error as Error).name }));
}
