/** The languages that samples come in besides curl, which the console writes itself. */
export const languages = ['node', 'python', 'java', 'go', 'php'] as const
type Language = (typeof languages)[number]

interface Dialect {
  /** Target and client of httpsnippet. */
  readonly target: readonly [string, string]
  /** How a program reads a variable of its environment. */
  readonly environment: (name: string) => string
  readonly join: '+' | '.'
  /** What must stand in a file for it to run, and httpsnippet leaves out. */
  readonly complete: (code: string, hasSecret: boolean) => string
}

export const dialects: Readonly<Record<Language, Dialect>> = {
  node: {
    target: ['node', 'fetch'],
    environment: (name) => `process.env.${name}`,
    join: '+',
    complete: (code) => code,
  },
  python: {
    target: ['python', 'requests'],
    environment: (name) => `os.environ["${name}"]`,
    join: '+',
    complete: (code, hasSecret) => (hasSecret ? `import os\n${code}` : code),
  },
  java: {
    target: ['java', 'nethttp'],
    environment: (name) => `System.getenv("${name}")`,
    join: '+',
    complete: (code) => javaProgram(code),
  },
  go: {
    target: ['go', 'native'],
    environment: (name) => `os.Getenv("${name}")`,
    join: '+',
    complete: (code, hasSecret) => (hasSecret ? code.replace('import (\n', 'import (\n\t"os"\n') : code),
  },
  php: {
    target: ['php', 'curl'],
    environment: (name) => `getenv("${name}")`,
    join: '.',
    complete: (code) => code,
  },
}

function javaProgram(code: string): string {
  const imports = ['URI', 'http.HttpClient', 'http.HttpRequest', 'http.HttpResponse']
  return [
    ...imports.map((name) => `import java.net.${name};`),
    '',
    'public class Example {',
    '    public static void main(String[] args) throws Exception {',
    ...code.split('\n').map((line) => (line === '' ? '' : `        ${line}`)),
    '    }',
    '}',
  ].join('\n')
}
