import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../aws/processes.ts';

const program = fileURLToPath(new URL('telemetry-program.ts', import.meta.url));
const root = '1-58211399-36d228ad5d99923122bbe354';

/** Where X-Ray's daemon would listen. */
const daemon = createSocket('udp4');
const datagrams: string[] = [];
daemon.on('message', (datagram) => datagrams.push(datagram.toString()));
beforeAll(async () => {
  daemon.bind(0, '127.0.0.1');
  await once(daemon, 'listening');
});
beforeEach(() => {
  datagrams.length = 0;
});
afterAll(() => {
  daemon.close();
});

type Line = Record<string, unknown> & { _aws?: { CloudWatchMetrics: Record<string, unknown>[] } };

async function invoke(event: object, sampled?: '0' | '1') {
  const trace = sampled && `Root=${root};Parent=53995c3f42cd8ad8;Sampled=${sampled};Lineage=1:a:0`;
  const environment = [
    'AWS_LAMBDA_INITIALIZATION_TYPE=on-demand',
    `AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:${daemon.address().port}`,
    ...(trace ? [`_X_AMZN_TRACE_ID=${trace}`] : []),
  ];
  const printed = await run('env', ...environment, process.execPath, program, JSON.stringify(event));
  const lines = printed
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): Line => JSON.parse(line));
  return { printed, lines, metrics: lines.filter((line) => line._aws) };
}

describe('What a function tells', () => {
  test('each line has our own names and what Lambda knows of the invocation', async () => {
    const { lines, printed } = await invoke({}, '0');
    expect(lines.find(({ event }) => event === 'run-settled')).toEqual({
      ...{ level: 'info', event: 'run-settled', time: expect.stringMatching(/^\d{4}-.*Z$/), runId: 'run-1' },
      ...{ bytes: 5, message: 'kept', service: 'tessera', functionName: 'settle' },
      ...{ requestId: 'request-1', coldStart: true, xrayTraceId: root },
    });
    expect(lines.find(({ event }) => event === 'link-stale')).toMatchObject({
      ...{ level: 'warn', url: 'https://host.example/clip.mp4?…' },
    });
    expect(printed).not.toContain('secret');
    expect(printed).not.toContain('reserved key');
  });

  test("metrics are printed once at the end, as a whole and by their dimensions, in the stage's namespace", async () => {
    const { metrics, lines } = await invoke({});
    expect(lines).toContainEqual({ returned: 'done' });
    const [delivered, failed, others] = metrics;
    expect(metrics).toHaveLength(3);
    const definition = (...Metrics: object[]) => ({ Namespace: 'Tessera/Test', Metrics });
    const ended = { Name: 'RunsEnded', Unit: 'Count' };
    expect(delivered).toMatchObject({ status: 'delivered', RunsEnded: [1, 1] });
    expect(delivered?._aws?.CloudWatchMetrics).toEqual([{ ...definition(ended), Dimensions: [[], ['status']] }]);
    expect(failed).toMatchObject({ status: 'failed', RunsEnded: 1 });
    expect(others).toMatchObject({ CopyMilliseconds: 1200, BytesDelivered: 5_000_000_000 });
    const units = [
      { Name: 'CopyMilliseconds', Unit: 'Milliseconds' },
      { Name: 'BytesDelivered', Unit: 'Bytes' },
    ];
    expect(others?._aws?.CloudWatchMetrics).toEqual([{ ...definition(...units), Dimensions: [[]] }]);
  });

  test('very many observations are printed in several lines, each with its dimensions', async () => {
    const { metrics, printed } = await invoke({ many: 250 });
    const lines = metrics.filter(({ RunsFailed }) => RunsFailed);
    expect(lines.flatMap(({ RunsFailed }) => RunsFailed)).toHaveLength(250);
    for (const { _aws } of lines) expect(_aws?.CloudWatchMetrics[0]?.Dimensions).toEqual([[], ['class']]);
    expect(printed).not.toContain('No application metrics');
  });

  test('metrics of an invocation that throws are printed too', async () => {
    const { metrics, lines } = await invoke({ fails: true });
    expect(lines).toContainEqual({ threw: 'Rejected' });
    expect(metrics).toHaveLength(3);
  });
});

describe('What X-Ray is shown', () => {
  const document = () => JSON.parse(datagrams[0]?.split('\n')[1] ?? '{}');

  test('nothing, where nobody traces', async () => {
    await invoke({}, '0');
    expect(datagrams).toEqual([]);
  });

  test("the work within Lambda's own segment, to be found by its run", async () => {
    const records = ['run-1', 'run-1', 'run-2'].map((runId) => ({ body: JSON.stringify({ runId }) }));
    await invoke({ Records: records }, '1');
    await expect.poll(() => datagrams).toHaveLength(1);
    expect(datagrams[0]).toMatch(/^\{"format":"json","version":1\}\n/);
    expect(document()).toEqual({
      ...{ name: '## settle', type: 'subsegment', trace_id: root, parent_id: '53995c3f42cd8ad8' },
      ...{ id: expect.stringMatching(/^[0-9a-f]{16}$/), start_time: expect.any(Number), end_time: expect.any(Number) },
      annotations: { door: 'settle', runId: 'run-1' },
      metadata: { tessera: { runIds: ['run-1', 'run-2'] } },
    });
    expect(document().end_time).toBeGreaterThanOrEqual(document().start_time);
  });

  test("why it failed, without a link's secrets", async () => {
    await invoke({ fails: true }, '1');
    await expect.poll(() => datagrams).toHaveLength(1);
    expect(document()).toMatchObject({ fault: true, cause: { exceptions: [{ type: 'Rejected' }] } });
    expect(datagrams[0]).not.toContain('secret');
  });

  test('a daemon that is not there costs nothing', async () => {
    const gone = await run(
      ...(['env', '_X_AMZN_TRACE_ID=Root=1-2-3;Parent=4;Sampled=1', 'AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:9'] as const),
      ...[process.execPath, program, '{}'],
    );
    expect(gone).toContain('"returned":"done"');
  });
});
