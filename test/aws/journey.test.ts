import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crc32cOf } from '../../shared/platform/crc32c.ts';
import { shardOf, uploadingPk } from '../../shared/runs/run/run-items.ts';
import { clip, talkingClip } from '../support/clips.ts';
import { factsOf, frameNumbers } from '../support/look-at-clip.ts';
import { type Journey, openJourney } from './journey/journey.ts';
import {
  beginUpload,
  itemsOf,
  objectAt,
  openUploadsIn,
  putItem,
  secretAt,
  tagsOf,
  versionsIn,
} from './journey/stores.ts';
import { tellDifferences, tellPermissions } from './journey/tell.ts';

const [small, large, archived] = ['tighten/a b+ü.mp4', 'tighten/large.mp4', 'tighten/from the archive.mp4'];

/** Noise cannot be packed well: this one's output is large enough to be stored and copied in parts. */
const largeClip = () =>
  clip('large.mp4', [
    ...['-f', 'lavfi', '-i', 'nullsrc=size=640x360:rate=30:duration=4,geq=random(1)*255:128:128'],
    ...['-f', 'lavfi', '-i', "aevalsrc='0.5*sin(2*PI*440*t)*lt(t,3)':sample_rate=48000:duration=4"],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
  ]);

/** What makes a link one that opens something, and the signer's own key. */
const ofLinks = ['X-Amz-Signature', 'X-Amz-Credential', 'X-Amz-Security-Token', 'secret-access-key', 'session-token-'];

interface Embedded {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Metrics: readonly { Name: string }[];
    }[];
  };
}

interface Manifest {
  readonly runId: string;
  readonly agentRunId: string;
  readonly input: { readonly key: string; readonly versionId: string };
  readonly outputs: readonly { key: string; size: number; versionId: string; checksum: object }[];
}

describe.skipIf(!process.env.AWS_ENDPOINT_URL_S3)('A first deploy, and three videos dropped into it', () => {
  let journey: Journey;
  let manifests: readonly Manifest[];
  const folder = mkdtempSync(join(tmpdir(), 'tessera-journey-'));

  beforeAll(async () => {
    const clips = await Promise.all([readFile(await talkingClip()), readFile(await largeClip())]);
    journey = await openJourney();
    await Promise.all([
      journey.upload(small, clips[0]),
      journey.upload(large, clips[1]),
      journey.upload(archived, clips[0], 'GLACIER'),
    ]);
    await journey.quiet();
    await journey.restored(archived);
    await journey.quiet();
    const keys = (await journey.state()).delivered.map((version) => version.slice(0, version.lastIndexOf('#')));
    const found = keys.filter((key) => key.endsWith('.manifest.json'));
    const texts = await Promise.all(found.map((key) => objectAt(journey.deliveries, key)));
    manifests = texts.map((text) => JSON.parse(text.toString()));
  });
  afterAll(async () => {
    await journey?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const manifestOf = (key: string): Manifest => {
    const found = manifests.find(({ input }) => input.key === key);
    if (found === undefined) throw new Error(`${key} was not delivered:\n${journey.printed()}`);
    return found;
  };

  /** The delivered video, as a file. */
  async function delivered(key: string): Promise<string> {
    const [output] = manifestOf(key).outputs;
    const bytes = await objectAt(journey.deliveries, output?.key ?? '');
    expect(bytes.byteLength).toBe(output?.size);
    expect(output?.checksum).toEqual({ algorithm: 'crc32c', value: crc32cOf(bytes) });
    const path = join(folder, `${bytes.byteLength}.mp4`);
    writeFileSync(path, bytes);
    return path;
  }

  test('the edited videos are in the deliveries bucket, and play without their silences', async () => {
    const path = await delivered(small);
    const { video, sound } = await factsOf(path);
    expect(video).toMatchObject({ codec_name: 'h264', width: 320, height: 180 });
    expect(sound?.codec_name).toBe('aac');
    // It is silent from 1 to 2 s, at 30 frames a second.
    const frames = await frameNumbers(path);
    expect(frames.slice(0, 30)).toEqual(Array.from({ length: 30 }, (_, frame) => frame));
    expect(frames.filter((frame) => frame > 40 && frame < 50)).toEqual([]);

    const long = await factsOf(await delivered(large));
    expect(Number(long.format.duration)).toBeCloseTo(3.1, 0);
    expect(Number(long.format.size)).toBeGreaterThan(8 * 1024 ** 2);
  });

  test('what was archived was fetched back first, as its rule allows, and every result has the tags of its rule', async () => {
    const restores = journey.gate.calls.filter(({ action }) => action === 's3:RestoreObject');
    expect(restores).toMatchObject([{ by: 'start-run', allowed: true }]);
    const [output] = manifestOf(archived).outputs;
    expect(await tagsOf(journey.deliveries, output?.key ?? '')).toEqual({ rule: 'tighten', title: 'from the archive' });
  });

  test('each upload has one run of ours and one agent run, and nothing is left in a queue', async () => {
    const runs = (await itemsOf(journey.runs)).filter(({ type }) => type === 'run');
    expect(runs.map(({ status }) => status)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(new Set(runs.map(({ id }) => id))).toEqual(new Set(manifests.map(({ runId }) => runId)));
    const agentRuns = (await itemsOf(journey.records)).filter(({ type }) => type === 'agent-run');
    expect(agentRuns.map(({ id }) => id).sort()).toEqual(manifests.map(({ agentRunId }) => agentRunId).sort());
    expect(await journey.messages()).toBe(0);
    expect(await journey.messages(true)).toBe(0);
  });

  test('what became of each run is heard on the bus by whoever listens, and told to whom the rule names, signed', async () => {
    const runIds = manifests.map(({ runId }) => runId).sort();
    const delivered = (await journey.heard()).filter((event) => event['detail-type'] === 'Run Delivered');
    expect(delivered.map(({ source, detail }) => [source, detail.runId]).sort()).toEqual(
      runIds.map((runId) => ['tessera', runId]),
    );
    const { posted } = journey.receiver;
    const notify = journey.functions.find(({ door }) => door === 'notify');
    const secret = await secretAt(notify?.settings.SIGNING_SECRET_SECRET ?? '');
    const told = posted.map(({ headers, body }) => {
      // As the receiver's own library checks it.
      const { type, data } = new Webhook(`whsec_${secret}`).verify(body, headers as Record<string, string>) as {
        type: string;
        data: { runId: string };
      };
      return [type, data.runId];
    });
    expect(told.sort()).toEqual(runIds.map((runId) => ['Run Delivered', runId]));
  });

  test('the records of runs that ended have an end of their own, and what was told is forgotten', async () => {
    const items = await itemsOf(journey.runs);
    expect(items.filter(({ type }) => type === 'outbox')).toEqual([]);
    const monthFromNow = Date.now() / 1000 + 30 * 86_400;
    for (const { expiresAt } of items.filter(({ type }) => type === 'run')) {
      expect(expiresAt).toBeGreaterThan(monthFromNow - 3_600);
      expect(expiresAt).toBeLessThan(monthFromNow + 60);
    }
    expect(items.filter(({ type }) => type === 'claim').map(({ expiresAt }) => expiresAt)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('every line that a function logs is one object that says which function wrote it, and its metrics count in the stage’s namespace', () => {
    const lines = journey.functions.flatMap(({ door, printed }) =>
      printed()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => ({ door, line: JSON.parse(line) as Record<string, unknown> })),
    );
    for (const { door, line } of lines.filter(({ line }) => line._aws === undefined))
      expect(line).toMatchObject({ event: expect.any(String), level: expect.any(String), functionName: door });
    const measured = lines.flatMap(({ line }) => ('_aws' in line ? [line as unknown as Embedded] : []));
    const metrics = measured.flatMap(({ _aws }) => _aws.CloudWatchMetrics);
    expect(new Set(metrics.map(({ Namespace }) => Namespace))).toEqual(new Set(['Tessera/journey']));
    const names = new Set(metrics.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name)));
    for (const name of ['RunsEnded', 'TimeInState', 'BytesDelivered']) expect(names).toContain(name);
  });

  test('after everything has come once more, in another order, nothing has changed', async () => {
    const before = await journey.state();
    const repeated = await journey.repeatEverything();
    expect(repeated.messages).toBeGreaterThan(10);
    expect(new Set(repeated.webhooks)).toEqual(new Set([200]));
    await journey.quiet();
    await journey.reconcile();
    await journey.quiet();
    expect(await journey.state()).toEqual(before);
    expect(await journey.messages(true)).toBe(0);
  });

  test('parts of a copy that nobody will finish are thrown away by reconcile; what another began is left alone', async () => {
    const [{ id: runId } = {}] = (await itemsOf(journey.runs)).filter(({ type }) => type === 'run');
    const begunAt = new Date(Date.now() - 25 * 3_600_000).toISOString();
    const note = { type: 'uploading', runId: String(runId), outputId: 'output', begunAt };
    const [ours, others] = [
      await beginUpload(journey.deliveries, 'ours.mp4'),
      await beginUpload(journey.deliveries, 'other.mp4'),
    ];
    const pk = uploadingPk(shardOf(String(runId)));
    await putItem(journey.runs, { ...note, pk, sk: `${begunAt}#1`, key: 'ours.mp4', uploadId: ours });
    // Its worker died before it knew the upload's id, so reconcile looks for one of that time, and this one is younger.
    await putItem(journey.runs, { ...note, pk, sk: `${begunAt}#2`, key: 'other.mp4' });
    await journey.reconcile();
    expect(await openUploadsIn(journey.deliveries)).toEqual([others]);
    expect((await itemsOf(journey.runs)).filter(({ sk }) => String(sk).startsWith(begunAt))).toEqual([]);
  });

  test('a report that is too large for the table lies in the payloads bucket, where webhook may only add', async () => {
    const [first] = journey.apis.pipeline.events;
    const later = { flag: 'A_FLAG_OF_NEXT_YEAR', details: Array(4_000).fill('x'.repeat(100)) };
    const body = JSON.stringify({ ...JSON.parse(first?.body ?? '{}'), ...later });
    expect(await journey.report(body)).toBe(200);
    await journey.quiet();
    expect(await versionsIn(journey.payloads)).toHaveLength(1);
    expect(await journey.messages(true)).toBe(0);
  });

  test('every call that a function made is one that its role in the template allows', () => {
    expect(journey.gate.calls.filter(({ allowed }) => !allowed)).toEqual([]);
    // All eight functions have been at AWS, Lambda at the five queues, and the engine with links of start-run's signer.
    expect(new Set(journey.gate.calls.map(({ by }) => by)).size).toBe(8 + 5 + 1);
    const links = journey.gate.calls.filter(({ link, resource }) => link && resource.includes(`:${journey.uploads}/`));
    expect(new Set(links.map(({ by }) => by))).toEqual(new Set(['the signer of start-run']));
    tellDifferences(journey);
    tellPermissions(journey);
  });

  test('no function goes on working once it has answered, or leaves a file', () => {
    expect(journey.gate.calls.filter(({ atWork, link }) => !atWork && !link)).toEqual([]);
    const left = journey.functions.flatMap(({ door }) =>
      readdirSync(join(journey.folder, door), { recursive: true, withFileTypes: true }).filter((entry) =>
        entry.isFile(),
      ),
    );
    expect(left).toEqual([]);
  });

  test('no secret and no signed link is in a log or a table', async () => {
    const secrets = journey.functions.flatMap(({ settings }) =>
      Object.entries(settings).flatMap(([name, value]) => (name.endsWith('_SECRET') ? [value] : [])),
    );
    const values = await Promise.all([...new Set(secrets)].map(secretAt));
    expect(values).toHaveLength(3);
    const tables = [...(await itemsOf(journey.runs)), ...(await itemsOf(journey.records))];
    for (const text of [journey.printed(), JSON.stringify(tables)])
      for (const secret of [...values, ...ofLinks]) expect(text).not.toContain(secret);
  });

  test('both addresses ask who is calling', async () => {
    const [webhook] = journey.apis.pipeline.events;
    const url = `${journey.apis.pipeline.url}${webhook?.rawPath}`;
    const forged = await fetch(url, {
      method: 'POST',
      headers: { 'x-mosaic-signature': 'guess' },
      body: webhook?.body,
    });
    expect(forged.status).toBe(401);
    expect((await fetch(`${journey.apis.engine.url}/agents`)).status).toBe(401);
  });

  test('what a role does not allow is refused here, too', async () => {
    const webhook = journey.functions.find(({ door }) => door === 'webhook');
    journey.gate.admit('ASIATEST', { name: 'the test', statements: webhook?.statements ?? [], atWork: () => true });
    const credentials = { accessKeyId: 'ASIATEST', secretAccessKey: 'any' };
    const s3 = new S3Client({ endpoint: journey.gate.url, credentials, forcePathStyle: true });
    const reading = s3.send(new GetObjectCommand({ Bucket: journey.uploads, Key: small }));
    await expect(reading).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('another function may not take on the role that signs links, whatever its own role allows', async () => {
    const startRun = journey.functions.find(({ door }) => door === 'start-run');
    const roleArn = 'arn:aws:iam::123456789012:role/another';
    const principal = { name: 'another', statements: startRun?.statements ?? [], roleArn, atWork: () => true };
    journey.gate.admit('ASIAANOTHER', principal);
    const credentials = { accessKeyId: 'ASIAANOTHER', secretAccessKey: 'any' };
    const sts = new STSClient({ endpoint: journey.gate.url, region: 'us-east-1', credentials, maxAttempts: 1 });
    const RoleArn = startRun?.settings.LINK_ROLE;
    await expect(sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'a-guess' }))).rejects.toThrow();
    expect(journey.gate.calls.at(-1)).toMatchObject({ by: 'another', action: 'sts:AssumeRole', allowed: false });
  });
});
