// The direction of the arrows: node -> core <- adapters, and within core from the protocol down to the nouns.

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'Two files that need each other are one file, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-dependency-in-source',
      comment: 'What is shipped may only need what its package.json names.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: '\\.test(-d)?\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only', 'npm'] },
    },
    {
      name: 'core-needs-nobody',
      severity: 'error',
      from: { path: '^packages/core/' },
      to: { path: '^(packages/(node|adapters)|examples)/' },
    },
    {
      name: 'core-runs-in-a-browser',
      comment: 'No Node built-in in core: what touches the world comes in through packages/core/src/world.',
      severity: 'error',
      from: { path: '^packages/core/src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'node-imports-no-adapter',
      comment: 'The configuration names adapters and the CLI loads them; only tests import one.',
      severity: 'error',
      from: { path: '^packages/node/src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/adapters/' },
    },
    {
      name: 'adapters-do-not-know-the-node',
      severity: 'error',
      from: { path: '^packages/adapters/' },
      to: { path: '^(packages/node|examples)/' },
    },
    {
      name: 'adapters-do-not-know-one-another',
      comment: 'dcmjs is no adapter: it is the one module behind which that package stands.',
      severity: 'error',
      from: { path: '^packages/adapters/src/([^/]+)/' },
      to: { path: '^packages/adapters/src/', pathNot: '^packages/adapters/src/($1|dcmjs|disk)/' },
    },
    {
      name: 'dcmjs-runs-in-its-worker',
      severity: 'error',
      from: { pathNot: '^packages/adapters/src/dcmjs/worker\\.ts$' },
      to: { path: 'node_modules/dcmjs/' },
    },
    {
      name: 'packages-meet-at-the-front-door',
      comment: 'Another package is reached through its exports, never by a path into it.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/', pathNot: '^packages/$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'nouns-at-the-bottom',
      comment: 'errors, world, dicom and study know nothing of what is done with them.',
      severity: 'error',
      from: { path: '^packages/core/src/(errors|world|dicom|study)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/core/src/', pathNot: '^packages/core/src/(errors|world|dicom|study)/' },
    },
    {
      name: 'ports-above-the-nouns',
      comment: 'A port speaks of studies and patients, never of the protocol.',
      severity: 'error',
      from: { path: '^packages/core/src/(pacs|patients)/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^packages/core/src/(routing|transfer|reconciliation|coercion|federation|audit|conformance)/',
      },
    },
    {
      name: 'nobody-needs-conformance',
      severity: 'error',
      from: { path: '^packages/core/src/(?!conformance/|index\\.ts)', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/core/src/conformance/' },
    },
    {
      name: 'no-test-in-source',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: '\\.test(-d)?\\.ts$' },
      to: { path: '(\\.test(-d)?\\.ts$|^packages/[^/]+/test/)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|coverage|\\.tmp)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@interhosp/source', 'import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json', '.d.ts'],
    },
    skipAnalysisNotInRules: true,
  },
};
