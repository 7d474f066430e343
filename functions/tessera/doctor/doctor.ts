import { colors } from '../../colors.ts';
import { plainText } from '../../local/shown-path.ts';
import { wrapped } from '../../local/wrap-text.ts';
import { columnsHere, count, inLocalTimes } from '../print/layout.ts';
import type { Outcome } from '../print/outcome.ts';
import type { WorldOptions } from '../world/world.ts';
import type { Finding } from './finding.ts';

interface Asked extends WorldOptions {
  readonly showSecrets?: boolean;
}

/** `doctor`: lists what is missing, each with its fix. It opens no world, since that may be what is missing. */
export async function doctor({ stage, dataFolder, showSecrets = false }: Asked): Promise<Outcome> {
  const findings =
    stage === undefined
      ? await (await import('./local-checks.ts')).localFindings(dataFolder, showSecrets)
      : await (await import('./stage-checks.ts')).stageFindings(stage);
  const wrong = findings.filter(({ state }) => state === 'bad').length;
  const verdict = wrong === 0 ? 'Nothing to fix.' : `${count(wrong, 'thing')} to fix.`;
  return {
    lines: [...linesOf(findings), '', ...(wrong === 0 ? [verdict] : [])],
    json: { isWell: wrong === 0, findings },
    faults: wrong === 0 ? [] : [verdict],
  };
}

const marks = { good: '✓', note: '·', bad: '✗' };
const paints = { good: colors.green, note: colors.dim, bad: colors.red };

function linesOf(findings: readonly Finding[]): string[] {
  const width = Math.max(0, ...findings.map(({ name }) => name.length));
  const room = columnsHere() - 1 - width - 4;
  const margin = ' '.repeat(width + 4);
  const below = (text: string) => wrapped(inLocalTimes(plainText(text)), room);
  return findings.flatMap(({ name, state, says, cure }) => {
    const [first = '', ...rest] = below(says);
    return [
      `${paints[state](marks[state])} ${name.padEnd(width)}  ${first}`,
      ...[...rest, ...(cure === undefined ? [] : below(`→ ${cure}`))].map((line) => margin + line),
    ];
  });
}
