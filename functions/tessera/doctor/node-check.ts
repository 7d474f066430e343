import { bad, type Check, good } from './finding.ts';

const neededMajor = 24;

export const node: Check = {
  name: 'node',
  look: async () => {
    const { node: version } = process.versions;
    const isNewEnough = Number(version.split('.')[0]) >= neededMajor;
    return isNewEnough
      ? good('node', version)
      : bad('node', `${version} is too old`, `install Node ${neededMajor} or newer`);
  },
};
