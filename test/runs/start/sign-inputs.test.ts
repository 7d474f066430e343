import { describe, expect, test } from 'vitest';
import type { Bucket, ObjectHead } from '../../../shared/platform/ports.ts';
import type { Run, RunInput } from '../../../shared/runs/run/run.ts';
import { openInput } from '../../../shared/runs/start/sign-inputs.ts';
import { claimedRun } from '../run/example-run.ts';

const now = Date.parse('2026-01-02T03:04:05.000Z');
const head: ObjectHead = { key: '', size: 7, etag: 'e', versionId: 'v', metadata: {}, lastModified: new Date(now) };

const deps = ({ gone = [] as string[], archived = [] as string[], minutes = 60, uploadLinkSeconds = 3600 } = {}) => ({
  clock: () => now,
  uploadLinkSeconds,
  uploads: {
    head: async (key: string) =>
      gone.includes(key) ? undefined : { ...head, ...(archived.includes(key) && { archive: 'archived' }) },
    link: async (key: string, options: { versionId?: string }) => ({
      url: `https://x/${key}?v=${options.versionId}`,
      expiresAt: new Date(now + minutes * 60_000),
    }),
  } as unknown as Bucket,
});

const runWith = (input?: RunInput): Run => ({ ...claimedRun(), ...(input && { input }) });
const objects = (...all: readonly { key: string; nodeId?: string }[]): RunInput => ({
  kind: 'objects',
  objects: all.map((object) => ({ ...object, versionId: 'v' })),
});

describe('what an agent run is given', () => {
  test('is the upload’s version, and when its link ends', async () => {
    expect(await openInput(deps(), runWith())).toEqual({
      inputs: { videoUrls: ['https://x/in/talk.mov?v=v1'] },
      linkExpiresAt: '2026-01-02T04:04:05.000Z',
    });
  });

  test('is several objects in their order', async () => {
    const input = objects({ key: 'a.mp4' }, { key: 'b.mp4' });
    expect(await openInput(deps(), runWith(input))).toMatchObject({
      inputs: { videoUrls: ['https://x/a.mp4?v=v', 'https://x/b.mp4?v=v'] },
    });
  });

  test('is sorted by the node that takes it', async () => {
    const input = objects(
      { key: 'a.mp4', nodeId: 'n1' },
      { key: 'b.mp4', nodeId: 'n2' },
      { key: 'c.mp4', nodeId: 'n1' },
    );
    expect(await openInput(deps(), runWith(input))).toMatchObject({
      inputs: {
        videoInputs: [
          { agentNodeId: 'n1', videoUrls: ['https://x/a.mp4?v=v', 'https://x/c.mp4?v=v'] },
          { agentNodeId: 'n2', videoUrls: ['https://x/b.mp4?v=v'] },
        ],
      },
    });
  });

  test('is the ids of renders, which no link can let down', async () => {
    const input: RunInput = { kind: 'renders', renderIds: ['r1', 'r2'], ofRunId: 'other' };
    expect(await openInput(deps({ gone: ['in/talk.mov'] }), runWith(input))).toEqual({
      inputs: { nodeRenderIds: ['r1', 'r2'] },
    });
  });

  test('is nothing when it is archived again, since nobody could read it', async () => {
    expect(await openInput(deps({ archived: ['in/talk.mov'] }), runWith())).toEqual({
      gone: expect.stringContaining('Restore it'),
    });
  });

  test('is nothing when one of several objects has gone, and says which', async () => {
    const input = objects({ key: 'a.mp4' }, { key: 'b.mp4' });
    expect(await openInput(deps({ gone: ['b.mp4'] }), runWith(input))).toEqual({
      gone: expect.stringContaining('b.mp4'),
    });
  });
});

describe('a link', () => {
  test('is not handed out with less than an hour left', async () => {
    await expect(openInput(deps({ minutes: 59 }), runWith())).rejects.toThrow('would end in 59 minutes');
    await expect(openInput(deps({ minutes: 59.6 }), runWith())).resolves.toBeDefined();
  });

  test('may be shorter where the stage asks for that', async () => {
    await expect(openInput(deps({ minutes: 10, uploadLinkSeconds: 600 }), runWith())).resolves.toBeDefined();
  });
});
