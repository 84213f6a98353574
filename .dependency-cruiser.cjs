// Who may import whom: see docs/decisions/0001-architecture.md. `npm run arrows` checks it, `npm test` too.

const from = (path, ...pathNot) => (pathNot.length > 0 ? { path, pathNot } : { path })

/** A package that may be imported only behind one door, so that it can be replaced there. Types vanish and may pass. */
const behind = (name, packagePattern, doors, comment) => ({
  name,
  comment,
  severity: 'error',
  from: from('^(registry|policies|gateway|admin|examples|scripts)/', ...doors),
  to: { path: `(^|/)node_modules/${packagePattern}/`, dependencyTypesNot: ['type-only'] },
})

const forbidden = (name, comment, source, target) => ({
  name,
  comment,
  severity: 'error',
  from: source,
  to: target,
})

module.exports = {
  forbidden: [
    forbidden(
      'no-circular',
      'Files that import each other can only be understood, tested and loaded together.',
      {},
      { circular: true },
    ),
    forbidden(
      'no-orphans',
      'A file that nobody imports is dead, or is an entry point and then listed here.',
      {
        orphan: true,
        pathNot: [
          '^(gateway|admin)/main\\.ts$',
          '^admin/cli/main\\.ts$',
          '^gateway/worker\\.ts$', // started by file name, as a worker thread
          '^registry/openapi/worker\\.ts$', // the same
          '^examples/[^/]+/main\\.ts$',
          '^scripts/[^/]+\\.(ts|mjs)$',
          '^test/',
          '\\.d\\.ts$',
        ],
      },
      {},
    ),
    forbidden(
      'no-unresolvable',
      'An import that leads nowhere fails at run time only.',
      {},
      { couldNotResolve: true },
    ),
    forbidden(
      'production-needs-no-dev-packages',
      'The image holds production packages only: what is imported there must be one.',
      from('^(registry|policies|gateway|admin|examples)/'),
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    ),

    forbidden(
      'base-knows-nothing',
      'registry/base is the ground that all stand on: config, log, problems, clock.',
      from('^registry/base/'),
      { path: '^(registry/(?!base/)|policies|gateway|admin|examples|scripts|test)' },
    ),
    forbidden(
      'registry-knows-no-traffic',
      'The registry says what exists. Knowing a policy, HTTP forwarding or a screen would tie the model to them.',
      from('^registry/'),
      { path: '^(policies|gateway|admin|examples|scripts|test)/' },
    ),
    forbidden(
      'policies-know-no-plane',
      'A policy sees the exchange and its deps, never the process it runs in; so it can be tested with fakes.',
      from('^policies/'),
      { path: '^(gateway|admin|examples|scripts|test)/' },
    ),
    forbidden(
      'one-policy-never-imports-another',
      'Policies meet in policies/index.ts only; what two of them share belongs in a file of its own beside them.',
      from('^policies/([^/.]+)', '^policies/index\\.ts$'),
      {
        path: '^policies/',
        pathNot: [
          '^policies/$1(/|\\.ts$)',
          '^policies/(policy|header-list)\\.ts$',
          '^policies/(limits|proof)/',
        ],
      },
    ),
    forbidden(
      'gateway-without-admin',
      'The data plane must start, serve and be understood without the control plane.',
      from('^gateway/'),
      { path: '^(admin|examples|scripts|test)/' },
    ),
    forbidden(
      'admin-without-gateway',
      'The two planes share the registry and nothing else.',
      from('^admin/'),
      { path: '^(gateway|examples|scripts|test)/' },
    ),
    forbidden(
      'admin-sees-the-list-of-policies-only',
      'Names, schemas and summaries are enough for a console; what a policy does is no business of it.',
      from('^admin/'),
      { path: '^policies/', pathNot: '^policies/index\\.ts$' },
    ),
    forbidden(
      'examples-stand-alone',
      'An example service knows nothing of the platform, as a real one would not.',
      from('^examples/'),
      { path: '^(registry|policies|gateway|admin|scripts|test)/' },
    ),
    forbidden(
      'nothing-runs-on-tests',
      'Test support is written for tests: it starts servers and keeps secrets in clear.',
      from('^(registry|policies|gateway|admin|examples|scripts)/'),
      { path: '^test/' },
    ),

    behind(
      'ioredis-behind-one-file',
      'ioredis',
      ['^registry/redis\\.ts$'],
      'How Redis is reached, and how its failures become problems, is decided once.',
    ),
    behind(
      'undici-behind-forwarding',
      'undici',
      ['^gateway/(forward|open-pool|health)\\.ts$'],
      'One place sends HTTP to targets, so timeouts, pools and header rules hold for all of it.',
    ),
    behind(
      'upgrades-behind-one-file',
      'http-proxy-middleware',
      ['^gateway/upgrade\\.ts$'],
      'It is used for upgrades only; plain calls must not take a second road.',
    ),
    behind(
      'oauth2-server-behind-one-folder',
      '(oauth2-server|@node-oauth/oauth2-server)',
      ['^policies/oauth2/'],
      'The authorization server’s rules stay in one folder, framework-free.',
    ),
    behind(
      'openid-client-behind-one-file',
      'openid-client',
      ['^gateway/people/upstream-login\\.ts$', '^examples/fapi2-client\\.ts$'], // the second is a partner's side
      'Only the sign-in at an upstream provider makes us a client; all else of the gateway is a server.',
    ),
    behind(
      'prom-client-behind-metrics',
      'prom-client',
      ['^(gateway|admin)/metrics\\.ts$', '^gateway/(connection|health|process|upstream)-metrics\\.ts$'],
      'Metric names and their bounded labels are declared in files that are named so.',
    ),
    behind(
      'opentelemetry-behind-one-file',
      '@opentelemetry',
      ['^gateway/trace-export\\.ts$'],
      'It is loaded where traces are recorded, and nowhere else: off must cost nothing.',
    ),
    forbidden(
      'policies-touch-no-wire',
      'Hooks never see sockets, express or Redis; they get capabilities.',
      from('^policies/'),
      { path: '(^|/)node_modules/(express|undici|http-proxy-middleware|ioredis)/' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(admin/ui|test/bench/peers)/' },
    parser: 'swc',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
}
