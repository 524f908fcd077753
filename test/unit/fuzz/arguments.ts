import { resolve, sep } from 'node:path'
import fc from 'fast-check'
import { word } from './hostile.js'

/** Files that are there when the program runs, in its working directory. */
export const FILES = {
  'good.yaml': 'name: good\nworkloads:\n  kafka: { enabled: false }\n',
  'good.json': '{"name": "other", "topology": {"workers": 0}}',
  'bad.yaml': 'topology:\n  worker: 2\n  pools: [{cidr: ../x}]\n',
  'hostile.yaml': 'name: ../../x\n"a\\Nb": "\\e[31m"\n',
  'bomb.yaml': `name: &a [*a]\nx: ${'['.repeat(2_000)}`,
  'empty.yaml': '',
  'cut.json': '{"schema":"headless-lab/recording/v1","lab":{"name":',
  'odd.json':
    '{"schema":"headless-lab/recording/v1","lab":{},"declared":[{"kind":"__proto__"}],"observations":null}',
  'no.gz': '\u001f\u008b\u0008nothing',
  'folder/inside': '',
} as const

/** What each command takes: options without a value, for files, and for other words. */
const COMMANDS: Readonly<Record<string, Readonly<Record<'flags' | 'files' | 'words', readonly string[]>>>> = {
  deploy: { flags: ['-y', '--yes', '--refresh'], files: [], words: [] },
  start: { flags: [], files: [], words: [] },
  stop: { flags: [], files: [], words: [] },
  teardown: { flags: ['--cache'], files: [], words: [] },
  status: { flags: ['--json'], files: [], words: [] },
  doctor: { flags: ['--fix', '--json'], files: [], words: [] },
  diagnose: { flags: [], files: ['-o', '--output'], words: [] },
  sbom: { flags: [], files: ['-o', '--output'], words: [] },
  synth: { flags: ['--stdout'], files: ['-o', '--output', '--output'], words: [] },
  verify: {
    flags: ['--all', '--json', '--watch', '--privileged-probe', '--write', '--rbac'],
    files: ['--from', '--from', '--from', '--junit', '--save', '--kubeconfig'],
    words: [
      ...[
        '--only',
        '--skip',
        '--scenario',
        '--context',
        '-n',
        '--namespace',
        '--probe-image',
        '--probe-namespace',
      ],
    ],
  },
  kubectl: { flags: [], files: [], words: [] },
}

const ODD_COMMANDS = [
  'calicoctl',
  'containerlab',
  'help',
  'deplyo',
  '',
  '--help',
  '--version',
  '--',
  'constructor',
]
const ODD_FLAGS = [
  '--version',
  '--help',
  '-h',
  '--',
  '-',
  '--no-such',
  '-x',
  '-yx',
  '--yess',
  '--no-json',
  '--__proto__',
]
const ALL = Object.values(COMMANDS)

const file = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...Object.keys(FILES)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('folder', 'absent', 'absent/x', 'good.yaml/x', '../up', 'x'.repeat(300)),
  },
  { weight: 1, arbitrary: word },
)
const given = fc.oneof(
  fc.constantFrom('good', 'a,b', 'dns.*', '*', 'pod-deleted', 'no-such', ',', 'good,good', '../good'),
  word,
)

const option = (flags: readonly string[], values: fc.Arbitrary<string>): fc.Arbitrary<string[]> =>
  fc
    .tuple(fc.constantFrom(...flags), values, fc.nat(3))
    .map(([flag, value, how]) =>
      how === 0 ? [`${flag}${flag.startsWith('--') ? '=' : ''}${value}`] : [flag, value],
    )

/** One or a few words that a command takes, and seldom some that it does not. */
function wordsOf({ flags, files, words }: (typeof ALL)[number]): fc.Arbitrary<string[]> {
  const flag = fc.constantFrom(...flags, ...(flags.length === 0 ? ODD_FLAGS : [])).map((one) => [one])
  return fc.oneof(
    { weight: 6, arbitrary: option(['--lab', ...files, ...files], file) },
    { weight: 4, arbitrary: option(['--name', ...words], given) },
    { weight: 2, arbitrary: flag },
    { weight: 1, arbitrary: fc.oneof(word, given, fc.constantFrom(...ODD_FLAGS)).map((one) => [one]) },
    { weight: 1, arbitrary: fc.constantFrom('--lab', '--name', ...files, ...words).map((one) => [one]) },
  )
}

const ofOne = fc
  .constantFrom(...Object.entries(COMMANDS))
  .chain(([name, takes]) => fc.array(wordsOf(takes), { maxLength: 3 }).map((rest) => [name, ...rest.flat()]))

const ofAny = fc
  .tuple(
    fc.oneof(fc.constantFrom(...Object.keys(COMMANDS), ...ODD_COMMANDS), word),
    fc.array(fc.constantFrom(...ALL).chain(wordsOf), { maxLength: 4 }),
  )
  .map(([name, rest]) => [name, ...rest.flat()])

/** Arguments as people, scripts and nobody in their right mind would write them. */
export const argumentList: fc.Arbitrary<string[]> = fc
  .oneof({ weight: 3, arbitrary: ofOne }, { weight: 1, arbitrary: ofAny })
  // An argument of a process ends at a NUL, and is UTF-8.
  .map((args) => args.map((text) => Buffer.from(text.replaceAll('\0', '')).toString()))

const OUTPUT = /^(?:-o|--output=|--junit=|--save=)(?=.)/s
const OUTPUTS = ['-o', '--output', '--junit', '--save']

/** Files and folders that the arguments name for something to be written to. */
export function outputsOf(args: readonly string[], cwd: string): string[] {
  return args
    .flatMap((one, i) => [
      ...(OUTPUTS.includes(one) ? [args[i + 1] ?? ''] : []),
      ...(OUTPUT.test(one) ? [one.replace(OUTPUT, '')] : []),
    ])
    .map((path) => resolve(cwd, path))
}

/** Whether nothing that the arguments name is outside of a folder: these tests must not write there themselves. */
export function staysInside(args: readonly string[], cwd: string, root: string): boolean {
  return outputsOf(args, cwd).every((path) => `${path}${sep}`.startsWith(`${root}${sep}`))
}
