import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readyRules } from '../../../infra/ready-rules.ts';
import { readAgent, writeAgent } from '../../../shared/engine/agents/agent-items.ts';
import { readyAgents, seedReadyAgents } from '../../../shared/engine/agents/ready-agents.ts';
import { readParameters, tileFor } from '../../../shared/engine/tiles/index.ts';
import { type LocalPlatform, openLocal } from '../../../shared/platform/local/index.ts';

let folder = '';
let platform: LocalPlatform;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-ready-'));
  platform = openLocal({ folder });
});
afterEach(() => {
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});

test('every ready agent is a chain of known tiles with parameters they take', () => {
  for (const { nodes, connections } of readyAgents) {
    expect(connections).toHaveLength(nodes.length - 1);
    for (const { nodeTypeId, parameters } of nodes) {
      const tile = tileFor(nodeTypeId);
      if (tile === undefined) throw new Error(`no tile for ${nodeTypeId}`);
      expect(() => readParameters(tile, parameters)).not.toThrow();
    }
  }
});

test('a new stage has a folder for each of them', () => {
  expect(readyRules.rules).toEqual(readyAgents.map(({ id, name }) => ({ id: name, prefix: `${name}/`, agentId: id })));
});

test('they are put where they are not, and one that was changed is left as it is', async () => {
  const table = platform.table('engine');
  await seedReadyAgents(table);
  const [first] = readyAgents;
  if (first === undefined) throw new Error('There are no ready agents.');
  await writeAgent(table, { ...first, description: 'ours', version: 2 });
  await seedReadyAgents(table);
  expect(await readAgent(table, first.id)).toMatchObject({ name: first.name, description: 'ours' });
});
