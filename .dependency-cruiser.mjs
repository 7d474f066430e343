// Who may import whom. `npm run layers` checks it, type-only imports included; test/layers.test.ts proves that it fails.

const basics = [['shared/(errors|log|metrics|settings|retry)[.]ts'], ['shared/platform/', 'shared/mosaic/']];
const media = [['shared/inspect/'], ['shared/transfer/']];
const pipeline = [
  ['shared/runs/run/'],
  ['shared/runs/rules/'],
  ['shared/runs/create/'],
  ['shared/runs/capacity/'],
  ['shared/runs/start/', 'shared/runs/ingest/'],
  ['shared/runs/deliver/'],
  ['shared/runs/settle/'],
  ['shared/runs/notify/'],
  ['shared/runs/reconcile/', 'shared/runs/operate/'],
];
const engine = [
  ['shared/engine/[^/]+[.]ts'],
  ['shared/engine/media/'],
  ['shared/engine/tiles/'],
  ['shared/engine/agents/'],
  ['shared/engine/runs/'],
  ['shared/engine/work/'],
  ['shared/engine/api/'],
];
const programs = [
  ['functions/[^/]+[.]ts'],
  ['functions/aws/', 'functions/local/'],
  ['functions/tessera/'],
  ['infra/'],
  ['test/'],
];

/**
 * Each folder may import those of earlier lines, never those of later lines or those beside it on its line. The pipeline
 * and the engine do not know each other, so there are two orders.
 */
const orders = [
  [...basics, ...media, ...pipeline, ...programs],
  [...basics, ...media, ...engine, ...programs],
];

/** The first line that matches a file says which packages it may import. `node:` modules are free, except as below. */
const packages = [
  { from: 'shared/inspect/measure-media[.]ts', may: ['mediabunny'] },
  { from: 'shared/runs/rules/text-places[.]ts', may: ['jsonc-parser'] },
  { from: 'shared/runs/notify/sign[.]ts', may: ['standardwebhooks'] },
  { from: 'shared/engine/api/', may: ['zod', 'hono'] },
  { from: 'shared/platform/crc32c[.]ts', may: ['hash-wasm'] },
  { from: 'shared/platform/aws/telemetry[.]ts', may: ['@aws-lambda-powertools/(logger|metrics)', 'aws-lambda'] },
  { from: 'shared/platform/aws/', may: ['@aws-sdk/[^/]+', '@smithy/[^/]+'] },
  { from: 'shared/platform/local/', may: [] },
  { from: 'shared/', may: ['zod'] },
  { from: 'functions/[^/]+[.]ts', except: 'functions/colors[.]ts', may: ['aws-lambda', 'hono'] },
  { from: 'infra/function-assets[.]ts', may: ['esbuild'] },
  { from: 'infra/set-secrets[.]ts', may: ['@aws-sdk/client-secrets-manager'] },
  { from: 'infra/switch-events-on[.]ts', may: ['@aws-sdk/client-s3'] },
  { from: 'infra/', may: ['aws-cdk-lib', 'constructs', 'zod'] },
];

const domain = 'shared/(runs|engine|inspect|transfer|mosaic)/';

const forbidden = [
  { name: 'no-cycle', from: {}, to: { circular: true } },
  ...orders.flatMap(orderRules),
  { name: 'engine-knows-no-pipeline', from: { path: '^shared/engine/' }, to: { path: '^shared/runs/' } },
  { name: 'pipeline-knows-no-engine', from: { path: '^shared/runs/' }, to: { path: '^shared/engine/' } },
  ...packages.map(packageRule),
  {
    name: 'no-adapter-in-the-domain',
    comment: 'The domain and the queue doors know the ports; only programs choose between AWS and this machine.',
    from: { path: [`^${domain}`, '^functions/[^/]+[.]ts$'] },
    to: { path: '^shared/platform/(aws|local)/' },
  },
  {
    name: 'only-ports-in-the-domain',
    comment: 'Everything else in shared/platform serves the adapters.',
    from: { path: `^${domain}` },
    to: {
      path: '^shared/platform/[^/]+$',
      pathNot: '/(ports|links|events|crc32c|query-all|read-text|object-version|iso-time|key-range)[.]ts$',
    },
  },
  { name: 'aws-knows-no-local', from: { path: '^shared/platform/aws/' }, to: { path: '^shared/platform/local/' } },
  { name: 'local-knows-no-aws', from: { path: '^shared/platform/local/' }, to: { path: '^shared/platform/aws/' } },
  {
    name: 'infra-reads-rules-only',
    comment: 'A deploy checks the rules with the code that will read them; nothing else of the programs runs there.',
    from: { path: '^infra/' },
    to: { path: '^(shared|functions|test)/', pathNot: '^shared/runs/rules/' },
  },
  {
    name: 'rules-in-two-files-of-infra',
    from: { path: '^infra/', pathNot: '^infra/stage-(rules|buckets)[.]ts$' },
    to: { path: '^shared/' },
  },
  {
    name: 'only-media-starts-processes',
    from: { path: '^(shared|functions)/.*[.]ts$', pathNot: '^shared/engine/media/' },
    to: { path: '^child_process$' },
  },
  {
    name: 'only-media-reads-files',
    from: { path: `^${domain}`, pathNot: '^shared/engine/media/' },
    to: { path: '^(fs|fs/promises|child_process)$' },
  },
];

function orderRules(order) {
  const later = (index) => order.slice(index + 1).flat();
  return order
    .flatMap((line, index) =>
      line.map((folder) => ({
        name: `only-earlier-folders-in ${folder}`,
        from: { path: `^${folder}` },
        to: { path: [...line.filter((other) => other !== folder), ...later(index)].map((other) => `^${other}`) },
      })),
    )
    .filter(({ to }) => to.path.length > 0);
}

function packageRule({ from, except, may }, index) {
  const earlier = packages.slice(0, index).map((line) => line.from);
  const allowed = may.flatMap((name) =>
    ['', 'node_modules/', 'node_modules/@types/'].map((where) => `^${where}${name}(/|$)`),
  );
  return {
    name: `only-listed-packages-in ${from}`,
    from: {
      path: `^${from}`,
      pathNot: [...earlier, ...(except === undefined ? [] : [except])].map((path) => `^${path}`),
    },
    to: { dependencyTypesNot: ['core'], pathNot: ['^(shared|functions|infra|test)/', ...allowed] },
  };
}

export default {
  forbidden: forbidden.map((rule) => ({ severity: 'error', ...rule })),
  options: {
    // TypeScript 7 has no compiler API, so swc reads our files, type-only imports included. It does not see the type
    // `import('./x.ts').T`; test/layers.test.ts forbids that form.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};

/** Every file of shared/ lies in one of these. */
export const places = [...new Set(orders.flat(2))];
