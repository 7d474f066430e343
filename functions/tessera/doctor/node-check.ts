import { bad, type Check, good } from './finding.ts';

const oldest = [20, 19] as const;

export const node: Check = {
  name: 'node',
  look: async () => {
    const { node: version } = process.versions;
    const [major = 0, minor = 0] = version.split('.').map(Number);
    const isNewEnough = major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
    return isNewEnough
      ? good('node', version)
      : bad('node', `${version} is too old`, `install Node ${oldest.join('.')} or newer`);
  },
};
