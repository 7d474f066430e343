import { chainFaults } from './chain-faults.ts';
import { compileRules, idOf } from './compile-rules.ts';
import type { RuleDocument, WrittenRule } from './document.ts';
import type { RuleFault } from './fault.ts';
import { partNames, wildcardCount } from './key-pattern.ts';
import { faultsOfTemplates, reservedNames } from './template-faults.ts';

/** The id is part of a claim's sort key, which holds at most 1024 bytes. */
const maxIdBytes = 1000;
/** A run stores its rule with all following rules in an item of at most 400 KB. */
const maxRuleBytes = 100_000;

/** Faults that the schema cannot express: names, chains, fields that exclude each other, templates. */
export const faultsOfRules = (
  document: RuleDocument,
  unread: ReadonlySet<number> = new Set(),
): readonly RuleFault[] => [
  ...document.rules.flatMap((rule, index) =>
    unread.has(index) ? [] : faultsOfRule(rule).map((fault) => within(['rules', index], fault)),
  ),
  ...nameFaults(document.rules),
  ...chainAndSizeFaults(document),
];

function chainAndSizeFaults(document: RuleDocument): readonly RuleFault[] {
  const faults = chainFaults(document);
  // Rules in a cycle cannot be nested.
  return faults.length > 0 ? faults : sizeFaults(document);
}

/** A run stores its rule with all following rules, once for each of their agents. */
function sizeFaults(document: RuleDocument): RuleFault[] {
  const large = compileRules(document).find((rule) => Buffer.byteLength(JSON.stringify(rule)) > maxRuleBytes);
  const index = document.rules.findIndex((rule) => idOf(rule) === (large?.of ?? large?.id));
  const message = `has more than ${maxRuleBytes / 1000} KB with the rules after it, for each of their agents; no run can keep that`;
  return large === undefined ? [] : fault(['rules', index], message);
}

const within = (path: RuleFault['path'], fault: RuleFault): RuleFault => ({ ...fault, path: [...path, ...fault.path] });

const faultsOfRule = (rule: WrittenRule): readonly RuleFault[] => [
  ...agentFaults(rule),
  ...sourceFaults(rule),
  ...patternFaults(rule),
  ...boundFaults(rule),
  ...groupFaults(rule),
  ...deliverFaults(rule),
  ...notifyFaults(rule),
  ...faultsOfTemplates(rule),
];

const fault = (path: RuleFault['path'], message: string): RuleFault[] => [{ path, message }];

function agentFaults({ agentId, agentIds }: WrittenRule): RuleFault[] {
  if (agentId === undefined && agentIds === undefined)
    return fault(['agentId'], 'is missing; it should be the id of an agent (or "agentIds" a list of some)');
  if (agentId !== undefined && agentIds !== undefined)
    return fault(['agentIds'], 'stands beside "agentId"; keep one of them');
  const twice = agentIds?.findIndex((id, index) => agentIds.indexOf(id) !== index) ?? -1;
  return twice === -1 ? [] : fault(['agentIds', twice], 'is in the list already');
}

const onlyOfUploads = [
  ...(['prefix', 'suffixes', 'exclude', 'pattern', 'filter'] as const),
  ...(['versions', 'restore', 'sidecar', 'gatherMinutes', 'start'] as const),
];

function sourceFaults(rule: WrittenRule): RuleFault[] {
  if (rule.after !== undefined)
    return onlyOfUploads
      .filter((name) => rule[name] !== undefined)
      .flatMap((name) =>
        fault([name], 'is about uploads, and a rule with "after" takes the outputs of another; leave it out'),
      );
  return rule.prefix === undefined && rule.pattern === undefined
    ? fault(
        ['prefix'],
        'is missing; it should be the start of the keys that the rule takes, such as "in/", or "" for all',
      )
    : [];
}

function patternFaults({ pattern, exclude = [] }: WrittenRule): RuleFault[] {
  const many = 'has more than 20 wildcards and parts';
  const excludes = exclude.flatMap((text, index) => (wildcardCount(text) > 20 ? fault(['exclude', index], many) : []));
  if (pattern === undefined) return excludes;
  const names = partNames(pattern);
  const bad = names.find((name) => !/^[A-Za-z][\w-]*$/.test(name));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  const reserved = names.find((name) => reservedNames.includes(name));
  return [
    ...excludes,
    ...(wildcardCount(pattern) > 20 ? fault(['pattern'], many) : []),
    ...(/[{}]/.test(pattern.replace(/\{[^{}]*\}/g, '')) ? fault(['pattern'], 'has a brace too many') : []),
    ...(bad === undefined ? [] : fault(['pattern'], `names a part "${bad}"; names are letters, digits, - and _`)),
    ...(twice === undefined ? [] : fault(['pattern'], `names two parts "${twice}"; give each its own name`)),
    ...(reserved === undefined ? [] : fault(['pattern'], `names a part "${reserved}", which means something else`)),
  ];
}

function boundFaults({ filter = {} }: WrittenRule): RuleFault[] {
  const { minBytes = 0, maxBytes = minBytes, minSeconds = 0, maxSeconds = minSeconds } = filter;
  return [
    ...(maxBytes < minBytes ? fault(['filter', 'maxBytes'], 'is less than "minBytes", so nothing passes') : []),
    ...(maxSeconds < minSeconds ? fault(['filter', 'maxSeconds'], 'is less than "minSeconds", so nothing passes') : []),
  ];
}

function groupFaults({ start }: WrittenRule): RuleFault[] {
  if (typeof start !== 'object') return [];
  const { count, members } = start;
  if ((count === undefined) === (members === undefined))
    return fault(['start'], 'should have either "count" or "members", which say when the group is complete');
  const endings = members?.map(({ suffix }) => suffix.normalize('NFC').toLowerCase()) ?? [];
  const feeding = members?.filter(({ nodeId }) => nodeId !== undefined).length ?? 0;
  if (feeding > 0 && feeding < endings.length)
    return fault(['start', 'members'], 'name a "nodeId" for some of them; the API takes one for each, or for none');
  const twice = endings.findIndex((ending, index) => endings.indexOf(ending) !== index);
  return twice === -1 ? [] : fault(['start', 'members', twice, 'suffix'], 'is the ending of two members');
}

function deliverFaults({ deliver: { key, tags = {}, metadata = {} } = {} }: WrittenRule): RuleFault[] {
  const badTag = Object.keys(tags).find((name) => !/^[\p{L}\p{N}\p{Zs}_.:/=+\-@]{1,128}$/u.test(name));
  const awsTag = Object.keys(tags).find((name) => /^aws:/i.test(name));
  const badName = Object.keys(metadata).find((name) => !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name));
  const ours = Object.keys(metadata).find((name) => name.startsWith('tessera-') || /^crc32c?$/.test(name));
  return [
    ...(key !== undefined && /^\/|(^|\/)\.\.?(\/|$)|\/\/|\/$/.test(key)
      ? fault(['deliver', 'key'], 'should begin and end with a name, without empty folders, "." or ".."')
      : []),
    ...(Object.keys(tags).length > 10
      ? fault(['deliver', 'tags'], 'has more than the 10 tags that an object can have')
      : []),
    ...(badTag === undefined ? [] : fault(['deliver', 'tags', badTag], 'is no name that a tag can have')),
    ...(awsTag === undefined ? [] : fault(['deliver', 'tags', awsTag], 'begins with "aws:", which is kept for AWS')),
    ...(badName === undefined
      ? []
      : fault(['deliver', 'metadata', badName], 'should be at most 64 lower-case letters, digits, ".", "-" or "_"')),
    ...(ours === undefined
      ? []
      : fault(['deliver', 'metadata', ours], 'is a name that is written on every output already')),
  ];
}

function notifyFaults({ notify = [] }: WrittenRule): RuleFault[] {
  const urls = notify.map(({ url }) => url);
  return urls.flatMap((url, index) => {
    const path = ['notify', index, 'url'];
    if (!isPostable(url)) return fault(path, 'should be a URL that begins with https://, without a user name');
    return urls.indexOf(url) === index ? [] : fault(path, 'is in the list already; name all its events in one place');
  });
}

/** Allows plain HTTP on loopback only, so that a receiver can be tried without a certificate. */
function isPostable(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && isHere));
}

function nameFaults(rules: readonly WrittenRule[]): RuleFault[] {
  const ids = rules.map(idOf);
  return rules.flatMap((rule, index) => {
    const id = ids[index] ?? '';
    const path = ['rules', index, ...(rule.id === undefined ? [] : ['id'])];
    const longest = Math.max(0, ...(rule.agentIds ?? []).map((agentId) => Buffer.byteLength(agentId) + 1));
    if (ids.indexOf(id) !== index)
      return fault(path, `makes it two of them that are called "${id}"; give each its own id`);
    if (Buffer.byteLength(id) + longest > maxIdBytes)
      return fault(path, `is called "${id.slice(0, 50)}…", which is too long a name; give it an id`);
    return [];
  });
}
