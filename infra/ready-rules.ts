/**
 * One folder for each of our engine's built-in agents, so that a stage edits its first upload without any setup. A test
 * compares the ids with `shared/engine/agents/ready-agents.ts`.
 */
export const readyRules = {
  rules: [
    { id: 'tighten', prefix: 'tighten/', agentId: 'e836ec12-eb0d-412a-a214-f7ae3f644f00' },
    { id: 'vertical', prefix: 'vertical/', agentId: '5e905625-ce1c-4cf6-a931-5b0b92240700' },
    { id: 'polish', prefix: 'polish/', agentId: 'b5446de4-9d4f-438e-82cd-3571d17f4500' },
  ],
};
