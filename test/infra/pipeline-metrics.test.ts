import { expect, test } from 'vitest';
import { serveFile } from '../support/file-server.ts';
import { type Ports, pipelineWorld } from '../support/pipeline-world.ts';
import { named, ofType, only, synthesize } from './synthesize.ts';

const { pipeline } = synthesize();

/** Runs the functions' code while one run is delivered, one fails and one waits. Returns each metric's dimensions. */
async function collectMetrics(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const note = (name: string, _value?: number, dimensions: object = {}) =>
    void found.set(name, Object.keys(dimensions).join());
  const metrics = { count: note, milliseconds: note, bytes: note };
  const outputs = await serveFile();
  const world = pipelineWorld({ outputs, wrap: (ports: Ports) => ({ ...ports, metrics }) });
  for (const key of ['in/1.mp4', 'in/2.mp4', 'in/3.mp4']) {
    await world.upload(key);
    await world.drain();
  }
  world.script.finish(world.agentRunOf(await world.runOf('in/1.mp4')));
  world.script.finish(world.agentRunOf(await world.runOf('in/2.mp4')), 0, { status: 'failed' });
  await world.deliverAll();
  await world.drain();
  await world.reconcile();
  world.close();
  await outputs.close();
  return found;
}

test('functions write every metric and dimension that an alarm or the dashboard reads', async () => {
  const measured = await collectMetrics();
  const logged = ofType(pipeline, 'AWS::Logs::MetricFilter').map(
    ([, { Properties }]) => (Properties.MetricTransformations as { MetricName: string }[])[0]?.MetricName,
  );
  const written = new Map([...measured, ...logged.map((name) => [String(name), ''] as const)]);
  const alarming = ofType(pipeline, 'AWS::CloudWatch::Alarm').flatMap(([, { Properties }]) => {
    if (Properties.Namespace !== 'Tessera/dev') return [];
    expect(Properties.Dimensions).toBeUndefined();
    return [String(Properties.MetricName)];
  });
  const body = named(only(pipeline, 'AWS::CloudWatch::Dashboard', 'Dashboard').Properties.DashboardBody);
  const shown = [...body.matchAll(/"Tessera\/dev","(\w+)"/g)].map(([, name = '']) => name);
  expect(alarming).toContain('StuckRuns');
  expect(shown).toContain('BytesDelivered');
  expect([...alarming, ...shown].filter((name) => !written.has(name))).toEqual([]);
  const searched = [...body.matchAll(/SEARCH\('\{\W*"Tessera\/dev\W*",(\w+)\} MetricName=\W*"(\w+)\W*"'/g)];
  const byDimension = searched.map(([, dimension = '', name = '']) => [name, dimension]);
  expect(new Set(byDimension.map(([name]) => name))).toEqual(new Set(['RunsEnded', 'RunsFailed', 'TimeInState']));
  for (const [name = '', dimension] of byDimension) expect(written.get(name)).toBe(dimension);
});
