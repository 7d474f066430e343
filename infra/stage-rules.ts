import type { RuleDocument } from '../shared/runs/rules/document.ts';
import type { RuleFault } from '../shared/runs/rules/fault.ts';
import { readRules } from '../shared/runs/rules/parse-rules.ts';
import { readyRules } from './ready-rules.ts';

export type RulesDocument = Readonly<Record<string, unknown>>;

export interface InitialRules {
  readonly document: RulesDocument;
  /** The same document, if it is valid. */
  readonly sound?: RuleDocument;
  readonly faults: readonly string[];
}

/** A function's whole environment may have 4 KB, and the rules share it with a dozen other settings. */
const maxBytes = 2_500;

/** Reads a stage's first rules with the parser that its functions use. */
export function readInitialRules(given: { readonly engine?: unknown; readonly rules?: unknown }): InitialRules {
  const { rules = given.engine === 'self-hosted' ? readyRules : { rules: [] } } = given;
  const document = rules as RulesDocument;
  const bytes = Buffer.byteLength(JSON.stringify(document));
  const faults =
    bytes > maxBytes
      ? [
          `rules are ${bytes} bytes as JSON; no more than ${maxBytes} fit into a function's settings: start with fewer, ` +
            'and apply all of them after the deploy: npm run tessera -- rules apply rules.json --stage <stage>',
        ]
      : [];
  const read = readRules(document);
  if ('rules' in read) return { document, sound: document as RuleDocument, faults };
  return { document, faults: [...faults, ...read.faults.map(describeRuleFault)] };
}

export const describeRuleFault = ({ path, message }: RuleFault): string =>
  `rules${path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')} ${message}`;
