// ESM mode: run through `npm test` or `npm run jest -- <path>`, which give node the flag it needs.
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // Support files are no tests.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/support/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
  testTimeout: 30_000,
  // Integration and e2e tests start servers of their own: more at once than cores only makes them late.
  maxWorkers: 2,
}
