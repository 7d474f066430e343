import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Denied } from '../../shared/errors.ts';
import type { Bucket, ObjectHead } from '../../shared/platform/ports.ts';
import { admitUpload } from '../../shared/runs/ingest/admit-upload.ts';
import { runsOfUpload } from '../../shared/runs/operate/find-runs.ts';
import { parseRules } from '../../shared/runs/rules/parse-rules.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { type PipelineWorld, type Ports, pipelineWorld, tinyVideo } from '../support/pipeline-world.ts';

let outputs: FileServer;
let world: PipelineWorld;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());
afterEach(() => world.close());

const agentId = 'agent-1';
const open = (
  rule: object = {},
  more: { slots?: number; uploads?: (real: Bucket) => Partial<Bucket>; document?: object } = {},
) => {
  const { uploads, slots, document } = more;
  world = pipelineWorld({
    outputs,
    slots,
    rules: { ...document, rules: [{ id: 'videos', prefix: 'in/', agentId, ...rule }] },
    wrap: (ports: Ports) => ({ ...ports, uploads: { ...ports.uploads, ...uploads?.(ports.uploads) } }),
  });
  return world;
};

const put = async (key: string, metadata: Record<string, string> = {}, body: string = tinyVideo) => {
  await world.uploads.put(key, body, { metadata });
  await world.drain();
};
const sidecar = (key: string, content: unknown) =>
  world.uploads.put(`${key}.tessera.json`, typeof content === 'string' ? content : JSON.stringify(content));
const events = (name: string) => world.lines.filter(({ event }) => event === name);

describe('the name of an upload', () => {
  test.each(['in/a b+%41 é 日本.MP4', 'in/e\u0301.mov', 'in/\u00e9.mov', 'in/100% +x.mkv', "in/it's (1) [2] {3}.mp4"])(
    '%s stays as it is up to the agent',
    async (key) => {
      open();
      await put(key);
      const run = await world.runOf(key);
      expect(run).toMatchObject({ status: 'running', upload: { key } });
    },
  );

  test('ends in any case that a rule asks for', async () => {
    open({ suffixes: ['.mov'] });
    await put('in/a.MOV');
    await put('in/b.mp4');
    expect((await world.runOf('in/a.MOV')).status).toBe('running');
    await expect(world.runOf('in/b.mp4')).rejects.toThrow('no run');
  });

  test.each(['in/.hidden.mp4', 'in/._a.mov', 'in/.DS_Store', 'in/a.mp4.part', 'in/~$a.docx', 'in/folder/'])(
    '%s is ignored, and it is said why',
    async (key) => {
      open();
      await put(key);
      expect(await world.runOf(key)).toMatchObject({ status: 'ignored', reason: expect.stringMatching(/\w+\.$/) });
      expect(world.script.calls).toEqual([]);
    },
  );
});

describe('an object that is announced', () => {
  const upload = { bucket: 'uploads', key: 'in/a.mp4' };
  const event = (detail: object, reason = 'PutObject') => ({
    source: 'aws.s3',
    'detail-type': 'Object Created',
    time: '2026-01-02T03:04:05Z',
    detail: { bucket: { name: 'uploads' }, object: { key: upload.key, ...detail }, reason },
  });

  test.each(['PutObject', 'POST Object', 'CopyObject', 'CompleteMultipartUpload'])(
    'by %s starts a run',
    async (reason) => {
      open();
      const { head } = (await world.uploads.put(upload.key, tinyVideo)) as { head: ObjectHead };
      for (const { receipt } of await world.startQueue.receive()) await world.startQueue.done(receipt);
      await world.startQueue.send({
        body: event({ 'version-id': head.versionId, etag: head.etag, size: head.size }, reason),
      });
      await world.drain();
      expect((await world.runOf(upload.key)).status).toBe('running');
    },
  );

  test('in several records of one message starts all of them', async () => {
    open({}, { slots: 5 });
    const heads = [];
    for (const key of ['in/1.mp4', 'in/2 +.mp4'])
      heads.push(((await world.uploads.put(key, tinyVideo)) as { head: ObjectHead }).head);
    for (const { receipt } of await world.startQueue.receive()) await world.startQueue.done(receipt);
    const records = heads.map(({ key, versionId, etag, size }) => ({
      eventName: 'ObjectCreated:Put',
      eventTime: '2026-01-02T03:04:05Z',
      s3: {
        bucket: { name: 'uploads' },
        object: { key: encodeURIComponent(key).replaceAll('%20', '+'), versionId, eTag: etag, size, sequencer: '01' },
      },
    }));
    await world.startQueue.send(
      { body: { Records: records } },
      { body: { Event: 's3:TestEvent', Service: 'Amazon S3' } },
    );
    await world.drain();
    expect((await world.runOf('in/2 +.mp4')).status).toBe('running');
    expect(world.script.runs.size).toBe(2);
  });

  test('of a bucket without versions is one video, however often its tags or metadata are rewritten', async () => {
    open({}, { uploads: (real) => ({ head: async (key) => unversioned(await real.head(key)) }) });
    const { head } = (await world.uploads.put(upload.key, tinyVideo)) as { head: ObjectHead };
    for (const { receipt } of await world.startQueue.receive()) await world.startQueue.done(receipt);
    for (const sequencer of ['0055', '0056', '0057'])
      await world.startQueue.send({ body: event({ etag: head.etag, size: head.size, sequencer }, 'CopyObject') });
    await world.drain();
    expect(world.script.runs.size).toBe(1);
    const [run] = await runsOfUpload(world.runs, { ...upload, etag: head.etag, size: head.size });
    expect(run).toMatchObject({ status: 'running' });
  });

  test('of a bucket without versions is looked at again when it is put there again after it was refused', async () => {
    let isThere = false;
    open(
      {},
      { uploads: (real) => ({ head: async (key) => (isThere ? unversioned(await real.head(key)) : undefined) }) },
    );
    const { head } = (await world.uploads.put(upload.key, tinyVideo)) as { head: ObjectHead };
    for (const { receipt } of await world.startQueue.receive()) await world.startQueue.done(receipt);
    const told = async (...sequencers: readonly string[]) => {
      for (const sequencer of sequencers)
        await world.startQueue.send({ body: event({ etag: head.etag, size: head.size, sequencer }) });
      await world.drain();
      const [run] = await runsOfUpload(world.runs, { ...upload, etag: head.etag, size: head.size });
      return run;
    };
    const first = await told('0055');
    expect(first?.status).toBe('rejected');
    isThere = true;
    // The same event again, or one that is older, is no new upload.
    expect((await told('0055', '0054'))?.id).toBe(first?.id);
    expect(await told('0060', '0055', '0060')).toMatchObject({ status: 'running', previousRunId: first?.id });
    // Two who hear of a still later one at the same moment find the same run.
    const later = { ...upload, versionId: undefined, etag: head.etag, size: head.size, sequencer: '0065' };
    const found = await Promise.all([1, 2, 3].map(() => admitUpload(world.deps, later)));
    expect(new Set(found.flat().map(({ id }) => id)).size).toBe(1);
    // And nothing is paid for again that was paid for once.
    await told('0070');
    expect(world.script.runs.size).toBe(1);
  });

  test('as a copy onto itself is no new video, and put there again it is', async () => {
    open({}, { slots: 5 });
    const again = async (reason: string) => {
      const { head } = (await world.uploads.put(upload.key, tinyVideo)) as { head: ObjectHead };
      for (const { receipt } of await world.startQueue.receive()) await world.startQueue.done(receipt);
      await world.startQueue.send({
        body: event({ 'version-id': head.versionId, etag: head.etag, size: head.size }, reason),
      });
      await world.drain();
      world.jump(1);
      return world.runOf(upload.key);
    };
    expect((await again('PutObject')).status).toBe('running');
    expect(await again('CopyObject')).toMatchObject({ status: 'ignored', reason: expect.stringContaining('metadata') });
    expect((await again('PutObject')).status).toBe('running');
  });

  test('and gone before it could be read is rejected plainly, without a paid run', async () => {
    open({}, { uploads: () => ({ head: async () => undefined }) });
    await put(upload.key);
    expect(await world.runOf(upload.key)).toMatchObject({
      status: 'rejected',
      reason: expect.stringContaining('deleted'),
    });
  });
});

const unversioned = (head: ObjectHead | undefined) => head && { ...head, versionId: 'null' };

describe('several rules for one key', () => {
  test('each get a run of their own where all that match are asked for', async () => {
    world = pipelineWorld({
      outputs,
      rules: {
        match: 'all',
        rules: [
          { id: 'one', prefix: 'in/', agentId: 'agent-1' },
          { id: 'two', prefix: 'in/', agentId: 'agent-2' },
        ],
      },
    });
    await put('in/a.mp4');
    expect([...world.script.runs.values()].map((run) => run.agentId).sort()).toEqual(['agent-1', 'agent-2']);
  });
});

describe('a newer version', () => {
  test('runs beside the older one by default', async () => {
    open();
    await put('in/a.mp4');
    const older = await world.runOf('in/a.mp4');
    world.jump(1);
    await put('in/a.mp4', {}, `${tinyVideo}2`);
    expect((await world.deps.runs.get({ pk: `RUN#${older.id}`, sk: 'RUN' }))?.status).toBe('running');
    expect(world.script.runs.size).toBe(2);
  });

  test('ends the older run where the rule wants the newest only', async () => {
    open({ versions: 'newest' }, { slots: 1 });
    await put('in/first.mp4');
    world.jump(1);
    await put('in/a.mp4');
    const older = await world.runOf('in/a.mp4');
    expect(older.status).toBe('waiting');
    world.jump(1);
    await put('in/a.mp4', {}, `${tinyVideo}2`);
    const item = await world.deps.runs.get({ pk: `RUN#${older.id}`, sk: 'RUN' });
    expect(item).toMatchObject({ status: 'cancelled', reason: expect.stringContaining('newer version') });
    expect((await world.runOf('in/a.mp4')).status).toBe('waiting');
  });

  test('that is known already makes a late event of the older one change nothing', async () => {
    open({ versions: 'newest' });
    await world.uploads.put('in/a.mp4', tinyVideo);
    const [late] = await world.startQueue.receive({ visibilitySeconds: 0 });
    for (const { receipt } of await world.startQueue.receive()) await world.startQueue.done(receipt);
    const { head } = (await world.uploads.put('in/a.mp4', `${tinyVideo}2`)) as { head: ObjectHead };
    await world.drain();
    world.jump(1);
    await world.startQueue.send({ body: JSON.parse(late?.body ?? '') });
    await world.drain();
    expect(world.script.runs.size).toBe(1);
    const items = (await world.runs.query({ pk: 'KEY#uploads/in/a.mp4' })).items;
    const runs = await Promise.all(items.map(({ runId }) => world.runs.get({ pk: `RUN#${runId}`, sk: 'RUN' })));
    expect(runs.map((run) => run?.status).sort()).toEqual(['ignored', 'running']);
    expect(await world.runOf('in/a.mp4')).toMatchObject({ status: 'running', upload: { versionId: head.versionId } });
  });
});

describe('an object that we may not read', () => {
  test('waits with one alarm, is tried again, and goes on when that is mended', async () => {
    let denied = true;
    open(
      {},
      {
        uploads: (real) => ({
          head: async (...all) => {
            if (denied) throw new Denied('HeadObject of in/a.mp4 in uploads was denied.');
            return real.head(...all);
          },
        }),
      },
    );
    await put('in/a.mp4');
    expect(await world.runOf('in/a.mp4')).toMatchObject({ status: 'claimed', parked: { times: 1 } });
    for (const seconds of [60, 120, 240]) {
      world.jump(seconds + 1);
      await world.reconcile();
      await world.drain();
    }
    expect(await world.runOf('in/a.mp4')).toMatchObject({ status: 'claimed', parked: { times: 4 } });
    expect(events('upload.denied').filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(events('message.failed')).toEqual([]);
    denied = false;
    world.jump(481);
    await world.reconcile();
    await world.drain();
    expect((await world.runOf('in/a.mp4')).status).toBe('running');
  });
});

describe('a sidecar that we may not read', () => {
  test('raises one alarm for its run, which goes on when that is mended', async () => {
    let denied = false;
    open(
      { sidecar: 'required' },
      {
        uploads: (real) => ({
          head: async (...all) => {
            if (denied && all[0].endsWith('.json')) throw new Denied('HeadObject of the sidecar was denied.');
            return real.head(...all);
          },
        }),
      },
    );
    await put('in/a.mp4');
    denied = true;
    await sidecar('in/a.mp4', {});
    await world.drain();
    for (let quarter = 0; quarter < 4; quarter += 1) {
      world.jump(900);
      await world.reconcile();
      await world.drain();
    }
    expect(await world.runOf('in/a.mp4')).toMatchObject({ status: 'gathering', parked: { times: 5 } });
    expect(events('upload.denied').filter(({ level }) => level === 'error')).toHaveLength(1);
    denied = false;
    world.jump(3600);
    await world.reconcile();
    await world.drain();
    expect((await world.runOf('in/a.mp4')).status).toBe('running');
  });
});

describe('an archived object', () => {
  const archive = () => {
    const state: { archive?: 'archived' | 'restoring'; restored: unknown[] } = { archive: 'archived', restored: [] };
    const uploads = (real: Bucket): Partial<Bucket> => ({
      head: async (...all) => {
        const head = await real.head(...all);
        return head && !head.key.endsWith('.json')
          ? { ...head, storageClass: 'DEEP_ARCHIVE', archive: state.archive }
          : head;
      },
      read: async (...all) => {
        if (state.archive !== undefined) throw new Error('InvalidObjectState');
        return real.read(...all);
      },
      restore: async (_key, options) => {
        state.restored.push(options);
        state.archive = 'restoring';
      },
    });
    return { state, uploads };
  };

  test('is refused where its rule does not allow the cost, saying how it would', async () => {
    open({}, { uploads: archive().uploads });
    await put('in/a.mp4');
    const run = await world.runOf('in/a.mp4');
    expect(run).toMatchObject({ status: 'rejected', reason: expect.stringContaining('"restore"') });
    expect(run).toMatchObject({ reason: expect.stringContaining('DEEP_ARCHIVE') });
  });

  test('is restored and goes on when S3 says that it is back', async () => {
    const { state, uploads } = archive();
    open({ restore: { days: 2, tier: 'Bulk' } }, { uploads });
    await put('in/a.mp4');
    expect((await world.runOf('in/a.mp4')).status).toBe('restoring');
    expect(state.restored).toEqual([expect.objectContaining({ days: 2, tier: 'Bulk' })]);
    state.archive = undefined;
    const detail = { bucket: { name: 'uploads' }, object: { key: 'in/a.mp4', size: 1, etag: 'e' } };
    const time = '2026-01-02T03:04:05Z';
    await world.startQueue.send({
      body: { source: 'aws.s3', 'detail-type': 'Object Restore Completed', time, detail },
    });
    await world.drain();
    expect((await world.runOf('in/a.mp4')).status).toBe('running');
  });

  test('that never comes back is refused in the end', async () => {
    open({ restore: { days: 2, tier: 'Bulk' } }, { uploads: archive().uploads });
    await put('in/a.mp4');
    world.jump(7 * 86_400 + 1);
    await world.reconcile();
    await world.drain();
    expect(await world.runOf('in/a.mp4')).toMatchObject({
      status: 'rejected',
      reason: expect.stringContaining('not restored within 7 days'),
    });
  });

  test('is found to be back when S3 said it to nobody, and judged then', async () => {
    const { state, uploads } = archive();
    open({ restore: { days: 2, tier: 'Bulk' } }, { uploads });
    await put('in/a.mp4', {}, 'not a video at all');
    world.jump(1801);
    await world.reconcile();
    await world.drain();
    expect((await world.runOf('in/a.mp4')).status).toBe('restoring');
    state.archive = undefined;
    world.jump(1801);
    await world.reconcile();
    await world.drain();
    expect(await world.runOf('in/a.mp4')).toMatchObject({
      status: 'rejected',
      reason: expect.stringContaining('text'),
    });
  });
});

describe('what is asked for one object', () => {
  const rule = {
    priority: 3,
    updateParams: { node1: { title: '{stem} for {data.customer}', loud: true } },
    data: { customer: 'acme' },
  };

  test('comes from the rule, then its metadata, then its sidecar', async () => {
    open(rule);
    await sidecar('in/a.mp4', {
      priority: 9,
      data: { customer: 'beta', deep: { list: [1, null] } },
      updateParams: { node2: { x: 1 } },
    });
    await put('in/a.mp4', {
      'tessera-priority': '7',
      'tessera-params': '{"node1":{"loud":false}}',
      'tessera-data-customer': 'gamma',
      other: 'x',
    });
    const run = await world.runOf('in/a.mp4');
    expect(run.rule).toMatchObject({
      priority: 9,
      updateParams: { node1: { title: 'a for beta', loud: false }, node2: { x: 1 } },
      data: { customer: 'beta', deep: { list: [1, null] } },
    });
    expect(run.variables).toMatchObject({ metadata: { other: 'x' }, sidecar: { customer: 'beta' } });
    expect(world.agentRunOf(run).request.updateParams).toEqual(run.rule.updateParams);
  });

  test('is the uploader’s own text, never a template', async () => {
    open(rule);
    await sidecar('in/a.mp4', { updateParams: { node1: { title: 'a {brace} and {{two}}' } } });
    await put('in/a.mp4');
    expect((await world.runOf('in/a.mp4')).rule.updateParams).toEqual({
      node1: { title: 'a {brace} and {{two}}', loud: true },
    });
  });

  test.each([
    ['metadata', { 'tessera-skip': 'true' }, undefined],
    ['its sidecar', {}, { skip: true }],
  ])('may be to skip it, by %s', async (_name, metadata, content) => {
    open();
    if (content !== undefined) await sidecar('in/a.mp4', content);
    await put('in/a.mp4', metadata);
    expect(await world.runOf('in/a.mp4')).toMatchObject({ status: 'ignored', reason: expect.stringContaining('skip') });
  });

  test.each([
    ['no JSON', '{"priority": 9', 'not JSON'],
    ['an unknown field', { agentId: 'x' }, 'agentId'],
    [
      'a wrong priority',
      { priority: 10 },
      'priority should be a whole number from 0 to 9. Mend it, then retry the run',
    ],
    ['a mistyped field', { priorty: 1 }, 'priorty is no field that is known here; did you mean "priority"?'],
    ['labels that are no texts', { deliver: { tags: { a: 1 } } }, 'deliver.tags.a should be text'],
    ['no object', [], 'the document should be an object such as'],
    ['a broken template', { deliver: { tags: { a: '{' } } }, 'deliver.tags.a'],
    ['a place of its own among the deliveries', { deliver: { key: 'others/{name}' } }, 'key'],
    ['too much', { data: { x: 'y'.repeat(70_000) } }, '65536'],
    ['nothing', '', 'empty'],
  ])('is refused with its fault and its path when its sidecar has %s', async (_name, content, words) => {
    open();
    await sidecar('in/a.mp4', content);
    await put('in/a.mp4');
    const run = await world.runOf('in/a.mp4');
    expect(run).toMatchObject({ status: 'rejected', reason: expect.stringContaining('in/a.mp4.tessera.json') });
    expect(run).toMatchObject({ reason: expect.stringContaining(words) });
  });

  test.each([
    [{ 'tessera-priority': 'high' }, 'tessera-priority'],
    [{ 'tessera-params': '{"node1": 7}' }, 'node1'],
    [{ 'tessera-skip': 'perhaps' }, 'tessera-skip'],
  ])('is refused when its metadata is %j', async (metadata, words) => {
    open();
    await put('in/a.mp4', metadata as Record<string, string>);
    expect(await world.runOf('in/a.mp4')).toMatchObject({ status: 'rejected', reason: expect.stringContaining(words) });
  });

  test('is waited for where the rule requires it', async () => {
    open({ ...rule, sidecar: 'required' });
    await put('in/a.mp4');
    expect(await world.runOf('in/a.mp4')).toMatchObject({ status: 'gathering', awaits: 'in/a.mp4.tessera.json' });
    await sidecar('in/a.mp4', { data: { customer: 'late' } });
    await world.drain();
    expect(await world.runOf('in/a.mp4')).toMatchObject({
      status: 'running',
      rule: { updateParams: { node1: { title: 'a for late' } } },
    });
  });

  test.each([
    ['its rule is gone by then', () => Object.assign(world.deps, { rules: async () => parseRules({ rules: [] }) })],
    ['the clock is set back meanwhile', () => world.jump(-86_400)],
  ])('is waited for also when %s', async (_name, happens) => {
    open({ ...rule, sidecar: 'required' });
    await put('in/a.mp4');
    happens();
    await sidecar('in/a.mp4', {});
    await world.drain();
    expect((await world.runOf('in/a.mp4')).status).toBe('running');
  });

  test('is waited for while it is empty, as many a tool creates it first and fills it then', async () => {
    open({ ...rule, sidecar: 'required' });
    await world.uploads.put('in/a.mp4.tessera.json', '');
    await put('in/a.mp4');
    expect(await world.runOf('in/a.mp4')).toMatchObject({ status: 'gathering', awaits: 'in/a.mp4.tessera.json' });
    await sidecar('in/a.mp4', { data: { customer: 'late' } });
    await world.drain();
    expect((await world.runOf('in/a.mp4')).status).toBe('running');
  });

  test('is told to have stayed empty when time is up', async () => {
    open({ sidecar: 'required', gatherMinutes: 10 });
    await world.uploads.put('in/a.mp4.tessera.json', '');
    await put('in/a.mp4');
    world.jump(700);
    await world.reconcile();
    await world.drain();
    expect(await world.runOf('in/a.mp4')).toMatchObject({
      status: 'rejected',
      reason: expect.stringContaining('stayed empty (0 bytes)'),
    });
  });

  test('is waited for until time is up, and no longer', async () => {
    open({ sidecar: 'required', gatherMinutes: 60 });
    await put('in/a.mp4');
    for (let quarter = 0; quarter < 5; quarter += 1) {
      world.jump(900);
      await world.reconcile();
      await world.drain();
    }
    expect(await world.runOf('in/a.mp4')).toMatchObject({
      status: 'rejected',
      reason: expect.stringContaining('in/a.mp4.tessera.json'),
    });
    expect((await world.runs.query({ pk: 'AWAITS#uploads/in/a.mp4.tessera.json' })).items).toEqual([]);
  });

  test('changes nothing when it comes after the run was admitted, and starts nothing itself', async () => {
    open(rule);
    await put('in/a.mp4');
    const before = await world.runOf('in/a.mp4');
    await sidecar('in/a.mp4', { priority: 0 });
    await world.drain();
    expect((await world.runOf('in/a.mp4')).rule).toEqual(before.rule);
    expect(events('sidecar.noticed')).toEqual([expect.objectContaining({ waiting: 0 })]);
    await expect(world.runOf('in/a.mp4.tessera.json')).rejects.toThrow('no run');
  });

  test.each([
    ['parameters', { updateParams: { node1: { title: '{metadata.title}' } } }],
    ['name', { deliver: { key: '{metadata.title}-{output}.{extension}' } }],
    ['tags', { deliver: { tags: { title: 'of {metadata.title}' } } }],
    ['metadata', { deliver: { metadata: { title: '{metadata.title|slug}' } } }],
  ])('is refused with the variable that the %s of its rule do not find, before it is paid for', async (_name, own) => {
    open(own);
    await put('in/a.mp4');
    expect(await world.runOf('in/a.mp4')).toMatchObject({
      status: 'rejected',
      reason: expect.stringContaining('{metadata.title}'),
    });
    expect(world.script.calls).toEqual([]);
    await put('in/b.mp4', { title: 'Spring' });
    expect((await world.runOf('in/b.mp4')).status).toBe('running');
  });

  test('may be further labels, but neither others than its rule’s nor a place', async () => {
    open({ deliver: { key: '{run}/{output}.{extension}', tags: { customer: 'acme' } } });
    await sidecar('in/a.mp4', { deliver: { tags: { customer: 'beta', mood: '{stem}' }, metadata: { a: 'b' } } });
    await put('in/a.mp4');
    expect((await world.runOf('in/a.mp4')).rule.deliver).toEqual({
      key: '{run}/{output}.{extension}',
      tags: { customer: 'acme', mood: '{stem}' },
      metadata: { a: 'b' },
    });
  });

  test('is refused when a template makes more of it than a run can keep', async () => {
    open({ updateParams: { node1: { title: '{sidecar.a}{sidecar.a}{sidecar.a}{sidecar.a}' } } });
    await sidecar('in/a.mp4', { data: { a: 'x'.repeat(60_000) } });
    await put('in/a.mp4');
    expect(await world.runOf('in/a.mp4')).toMatchObject({ status: 'rejected', reason: expect.stringContaining(' KB') });
  });

  test('changes nothing but itself when it is called like a part of the language', async () => {
    open({ updateParams: { node1: { title: '{data.a}' } } });
    await sidecar(
      'in/a.mp4',
      '{"data":{"__proto__":{"x":1},"constructor":2,"a":3},"updateParams":{"__proto__":{"y":1}}}',
    );
    await put('in/a.mp4', { 'tessera-data-__proto__': 'z' });
    const run = await world.runOf('in/a.mp4');
    expect(run).toMatchObject({ status: 'running', rule: { updateParams: { node1: { title: 3 } } } });
    expect(({} as { x?: number; y?: number }).x ?? ({} as { y?: number }).y).toBeUndefined();
  });

  test.each([
    ['optional', 'running'],
    ['required', 'rejected'],
  ])('can lie nowhere beside a key that is as long as keys are: %s, so it is %s', async (wanted, status) => {
    open({ sidecar: wanted }, { uploads: (real) => ({ head: async (...all) => real.head(...short(all)) }) });
    const key = `in/${'x'.repeat(1017)}.mp4`;
    await put(key);
    expect((await world.runOf(key)).status).toBe(status);
    expect(events('message.failed')).toEqual([]);
  });
});

/** As S3 refuses them, in words that look like those of a passing error. */
function short<T extends readonly [string, ...unknown[]]>(all: T): T {
  if (Buffer.byteLength(all[0]) > 1024) throw new Error('UnknownError');
  return all;
}

describe('a video that went through a pipeline before', () => {
  test('of this stage is ignored', async () => {
    open();
    await put('in/a.mp4');
    const { id } = await world.runOf('in/a.mp4');
    await put('in/b.mp4', { 'tessera-run-id': id, 'tessera-hops': '0' });
    expect(await world.runOf('in/b.mp4')).toMatchObject({
      status: 'ignored',
      reason: expect.stringContaining('we delivered'),
    });
  });

  test('of another stage goes on with one hop more, until it looks like a loop', async () => {
    open({}, { document: { maxHops: 2 } });
    const from = { 'tessera-run-id': 'B'.repeat(24), 'tessera-root-run-id': 'A'.repeat(24) };
    await put('in/1.mp4', { ...from, 'tessera-hops': '1' });
    expect(await world.runOf('in/1.mp4')).toMatchObject({
      status: 'running',
      lineage: { hops: 2, rootRunId: 'A'.repeat(24), parentRunId: 'B'.repeat(24) },
    });
    await put('in/2.mp4', { ...from, 'tessera-hops': '2' });
    expect(await world.runOf('in/2.mp4')).toMatchObject({
      status: 'rejected',
      reason: expect.stringMatching(/through 3 pipelines .* loop.* 2 times/),
    });
  });

  test.each([
    ['no run', { 'tessera-run-id': 'x y', 'tessera-hops': '0' }],
    ['steps backwards', { 'tessera-run-id': 'B'.repeat(24), 'tessera-hops': '-1000' }],
  ])('as nobody’s marks say (%s) is not believed', async (_name, metadata) => {
    open();
    await put('in/a.mp4', metadata);
    expect((await world.runOf('in/a.mp4')).status).toBe('ignored');
  });

  test('hands on no mark that is too long to be written on what is paid for', async () => {
    open();
    const marks = { 'tessera-run-id': 'B'.repeat(24), 'tessera-hops': '0', 'tessera-root-run-id': 'r'.repeat(1900) };
    await put('in/a.mp4', marks);
    expect((await world.runOf('in/a.mp4')).lineage?.rootRunId).toBe('B'.repeat(24));
  });
});

describe('the price', () => {
  test('is estimated by the rule’s rate', async () => {
    open({ rate: { perRun: 0.5, perGigabyte: 1000 } }, { document: { budget: { perDay: 10, currency: 'EUR' } } });
    await put('in/a.mp4');
    expect((await world.runOf('in/a.mp4')).estimate).toEqual({ amount: 0.50002, currency: 'EUR' });
  });

  test('is not guessed where the length is not known', async () => {
    open({ rate: { perMinute: 2 } });
    await put('in/a.mp4');
    expect((await world.runOf('in/a.mp4')).estimate).toBeUndefined();
  });

  test('above the whole daily budget is refused in words', async () => {
    open({ rate: { perRun: 11 } }, { document: { budget: { perDay: 10, currency: 'EUR' } } });
    await put('in/a.mp4');
    expect(await world.runOf('in/a.mp4')).toMatchObject({
      status: 'rejected',
      reason: expect.stringContaining('too costly'),
    });
    expect(world.script.calls).toEqual([]);
  });
});
