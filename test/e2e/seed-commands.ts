import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kubectl } from './cluster.js'
import { command, LAB, root, type Ended } from './program.js'

/** One command of docs/seed-commands.md. */
export interface SeedCommand {
  /** Number of the document. */
  readonly document: string
  /** `other test` where another test of these does it. */
  readonly where: 'host' | 'multitool' | 'tmp01' | 'node' | 'other test'
  readonly command: string
  /** What is said of the document's command; `claim` where the command only shows what is so. */
  readonly state: 'typed' | 'adapted' | 'wrong' | 'claim'
  /** Text of the output; title of the other test. */
  readonly shows: string
}

const PAGE = join(root, 'docs', 'seed-commands.md')
const wheres: readonly string[] = ['host', 'multitool', 'tmp01', 'node', 'other test']
const states: readonly string[] = ['typed', 'adapted', 'wrong', 'claim']

/** The commands of the page's tables, which are those with the columns `where`, `command` and `shows`. */
export async function seedCommands(): Promise<SeedCommand[]> {
  // The page speaks of the default lab.
  const text = (await readFile(PAGE, 'utf8')).replaceAll('headless-services', LAB)
  const found: SeedCommand[] = []
  let document = ''
  let columns: string[] = []
  for (const line of text.split('\n')) {
    document = /^## (\d{3})/.exec(line)?.[1] ?? document
    if (!line.startsWith('|')) columns = []
    else if (columns.length === 0) columns = cellsOf(line)
    else if (!line.startsWith('| -')) {
      const cells = cellsOf(line)
      const cell = (name: string): string | undefined => cells[columns.indexOf(name)]
      const [where, typed, shows] = [cell('where'), cell('command'), cell('shows')]
      if (where === undefined || typed === undefined || shows === undefined) continue
      const state = cell('state') ?? 'claim'
      if (!wheres.includes(where) || !states.includes(state)) throw new Error(`${PAGE}: ${line}`)
      found.push({ document, where, command: typed, state, shows } as SeedCommand)
    }
  }
  return found
}

/** Cells of a row, without the marks of code. A pipe inside a cell is written `\|`. */
function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) =>
      cell
        .trim()
        .replaceAll('\\|', '|')
        .replace(/^`(.*)`$/, '$1'),
    )
}

/** How many commands each document has, and of how many claims the page shows what is so. */
export function countsOf(rows: readonly SeedCommand[]): Record<string, { commands: number; claims: number }> {
  const counts: Record<string, { commands: number; claims: number }> = {}
  for (const { document, state } of rows) {
    const count = (counts[document] ??= { commands: 0, claims: 0 })
    count[state === 'claim' ? 'claims' : 'commands'] += 1
  }
  return counts
}

/** What was seen instead of the text of the last column; `undefined` where that was seen. */
export async function unlike(row: SeedCommand): Promise<string | undefined> {
  if (row.where === 'other test') {
    const tests = await readFile(join(root, 'test', 'e2e', 'lab.test.ts'), 'utf8')
    return tests.includes(`it('${row.shows}'`) ? undefined : `there is no test: ${row.shows}`
  }
  const { stdout, stderr } = await run(row)
  const seen = `${stdout}\n${stderr}`
  return shown(seen, row.shows) ? undefined : `${row.command}\n${seen}`
}

/** Whether an output has a text. Any white space is as good as any other, and a number is not a part of another. */
function shown(output: string, text: string): boolean {
  const pattern = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+')
  return new RegExp(
    `${/^\d/.test(text) ? '(?<!\\d)' : ''}${pattern}${/\d$/.test(text) ? '(?!\\d)' : ''}`,
  ).test(output)
}

function run({ where, command: typed }: SeedCommand): Promise<Ended> {
  switch (where) {
    case 'multitool':
      return kubectl('exec', '-n', 'default', 'daemonset/multitool', '--', 'sh', '-c', typed)
    case 'tmp01':
      return kubectl('exec', '-n', 'moon', 'tmp01', '--', 'sh', '-c', typed)
    case 'node':
      return command('docker', 'exec', `${LAB}-worker`, 'sh', '-c', typed)
    default:
      // A person has a terminal, and types into the shell that a command opens.
      return command('bash', '-c', `${TOOLS}{ ${typed.replace(' -it ', ' -i ')}\n} <<< hostname`)
  }
}

/** The tools by their names, as the program runs them; they need not be installed. */
const TOOLS = `cd '${root}'
lab() { local tool=$1; shift; '${process.execPath}' scripts/headless-lab.mjs "$tool" --name ${LAB} "$@"; }
kubectl() { lab kubectl "$@"; }
k() { lab kubectl "$@"; }
calicoctl() { lab calicoctl "$@"; }
containerlab() { lab containerlab "$@"; }
`
