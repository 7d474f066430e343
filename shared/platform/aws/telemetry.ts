import { LogFormatter, Logger, LogItem } from '@aws-lambda-powertools/logger';
import { MetricUnit, Metrics as Powertools } from '@aws-lambda-powertools/metrics';
import type { Context } from 'aws-lambda';
import type { LogSink } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import { inSubsegment } from './trace.ts';

let logger: Logger | undefined;
const flushes = new Set<() => void>();

/** Lines as `createLog` writes them, with what Lambda knows of the invocation. */
export function powertoolsSink(): LogSink {
  const own = openLogger();
  return ({ level, event, ...fields }) => own[level](event, { fields: { level, event, ...fields } });
}

/**
 * Observations in CloudWatch's embedded metric format, under `namespace`: each metric as a whole and, where it has
 * dimensions, by them. `flush` prints what was gathered; `traced` calls it at the end of each invocation.
 */
export function powertoolsMetrics(namespace: string): { metrics: Metrics; flush: () => void } {
  const powertools = new Powertools({ namespace, serviceName: 'tessera' });
  // Alarms name a metric by all its dimensions, and a stage is in the namespace already.
  powertools.clearDefaultDimensions();
  let gathered = new Map<string, Observation[]>();
  const gather =
    (unit: Unit) =>
    (name: string, value = 1, dimensions: Dimensions = {}) => {
      const group = JSON.stringify(Object.entries(dimensions).sort());
      const observations = gathered.get(group) ?? [];
      observations.push({ name, unit, value, dimensions });
      gathered.set(group, observations);
    };
  const flush = () => {
    const all = gathered;
    gathered = new Map();
    for (const observations of all.values())
      for (let at = 0; at < observations.length; at += maxObservations)
        publish(powertools, observations.slice(at, at + maxObservations));
  };
  flushes.add(flush);
  return {
    metrics: {
      count: gather(MetricUnit.Count),
      milliseconds: gather(MetricUnit.Milliseconds),
      bytes: gather(MetricUnit.Bytes),
    },
    flush,
  };
}

/** A handler whose log lines name the invocation, whose metrics are out when it ends, however it ends, and which X-Ray shows. */
export function traced<Event, Result>(
  handler: (event: Event, context: Context) => Promise<Result>,
  door: string,
): (event: Event, context: Context) => Promise<Result> {
  return async (event, context) => {
    if (context) openLogger().addContext(context);
    const runIds = runIdsIn(event);
    try {
      return await inSubsegment(
        { name: `## ${door}`, annotations: { door, runId: runIds[0] }, metadata: { runIds } },
        () => handler(event, context),
      );
    } finally {
      for (const flush of flushes) flush();
    }
  };
}

type Unit = 'Count' | 'Milliseconds' | 'Bytes';
type Dimensions = Readonly<Record<string, string>>;

interface Observation {
  readonly name: string;
  readonly unit: Unit;
  readonly value: number;
  readonly dimensions: Dimensions;
}

/** A line holds 100; Powertools would print the rest without their dimensions. */
const maxObservations = 90;

function publish(powertools: Powertools, observations: readonly Observation[]): void {
  const dimensions = observations[0]?.dimensions ?? {};
  // No dimension at all is a set of them too: the metric as a whole.
  powertools.addDimensions({});
  if (Object.keys(dimensions).length > 0) powertools.addDimensions({ ...dimensions });
  for (const { name, unit, value } of observations) powertools.addMetric(name, unit, value);
  powertools.publishStoredMetrics();
}

function openLogger(): Logger {
  logger ??= new Logger({ serviceName: 'tessera', logFormatter: new LineFormatter() });
  return logger;
}

/** The names that our lines have anywhere: what reads them, metric filters and people, need not know where they ran. */
class LineFormatter extends LogFormatter {
  override formatAttributes(
    ...[{ serviceName, lambdaContext, xRayTraceId }, { fields }]: Parameters<LogFormatter['formatAttributes']>
  ): LogItem {
    return new LogItem({
      attributes: {
        ...(fields as Record<string, unknown>),
        service: serviceName,
        functionName: lambdaContext?.functionName,
        requestId: lambdaContext?.awsRequestId,
        coldStart: lambdaContext?.coldStart,
        xrayTraceId: xRayTraceId,
      } as ConstructorParameters<typeof LogItem>[0]['attributes'],
    });
  }
}

const maxRunIds = 10;

/** Of the runs that a batch of messages is about. */
function runIdsIn(event: unknown): readonly string[] {
  const { Records: records } = (event ?? {}) as { Records?: readonly { body?: unknown }[] };
  if (!Array.isArray(records)) return [];
  const ids = records.map(({ body }) => /"runId":"([\w-]{1,64})"/.exec(String(body))?.[1]);
  return [...new Set(ids.filter((id) => id !== undefined))].slice(0, maxRunIds);
}
