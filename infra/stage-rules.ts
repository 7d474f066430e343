import type { RuleDocument } from '../shared/runs/rules/document.ts';
import type { RuleFault } from '../shared/runs/rules/fault.ts';
import { readRules } from '../shared/runs/rules/parse-rules.ts';
import { readyRules } from './ready-rules.ts';

export type RulesDocument = Readonly<Record<string, unknown>>;

export interface InitialRules {
  readonly document: RulesDocument;
  /** The same, where it can be read. */
  readonly sound?: RuleDocument;
  readonly faults: readonly string[];
}

/** All of a function's environment may be 4 KB; the rules share it with a dozen other settings. */
const maxBytes = 2_500;

/** The rules that a stage begins with, read as its functions will read them. */
export function readInitialRules(given: { readonly engine?: unknown; readonly rules?: unknown }): InitialRules {
  const { rules = given.engine === 'self-hosted' ? readyRules : { rules: [] } } = given;
  const document = rules as RulesDocument;
  const bytes = Buffer.byteLength(JSON.stringify(document));
  const faults =
    bytes > maxBytes
      ? [
          `rules are ${bytes} bytes as JSON; no more than ${maxBytes} fit into a function's settings: begin with fewer, ` +
            'and after the deploy apply all of them: npm run tessera -- rules apply rules.json --stage <stage>',
        ]
      : [];
  const read = readRules(document);
  if ('rules' in read) return { document, sound: document as RuleDocument, faults };
  return { document, faults: [...faults, ...read.faults.map(inWords)] };
}

export const inWords = ({ path, message }: RuleFault): string =>
  `rules${path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')} ${message}`;
