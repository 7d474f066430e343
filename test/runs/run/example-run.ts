import type { Claimed } from '../../../shared/runs/run/run.ts';

export const claimedRun = (id = 'A'.repeat(24)): Claimed => ({
  id,
  status: 'claimed',
  upload: { bucket: 'uploads', key: 'in/talk.mov', versionId: 'v1' },
  rule: { id: 'in/*', prefix: 'in/', agentId: 'agent-1', priority: 5 },
  attempt: 1,
  createdAt: '2026-01-02T03:04:05.000Z',
  updatedAt: '2026-01-02T03:04:05.000Z',
  revision: 1,
  checkAfter: '2026-01-02T03:06:05.000Z',
});
