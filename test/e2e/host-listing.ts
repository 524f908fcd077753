import { readdir, readFile, readlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { waitUntil } from '../../lab/host/wait.js'
import { command, root } from './program.js'

/** They come with an engine, which the very run that is looked at may have installed. */
const ENGINE_NETWORKS = ['network bridge', 'network host', 'network none']

/** What a run of the program starts: one of them that has come since a listing was left behind. */
const STARTED = [
  ...['containerlab', 'docker', 'kind', 'kubectl'],
  ...['go', 'compile', 'link', 'npm', 'mvn', 'java', 'debootstrap'],
]

/** Whoever was told to end, or killed, may still be seen for so long on a busy machine. */
const ENDING_MS = 3_000

/**
 * How two listings differ: what came, with `+`, and what went, with `-`. A process that went is none: it may be
 * anybody's, and end when it likes.
 */
export function differences(before: readonly string[], after: readonly string[]): string[] {
  return [
    ...without(after, before).map((line) => `+ ${line}`),
    ...without(before, after).flatMap((line) => (line.startsWith('process ') ? [] : [`- ${line}`])),
  ]
}

/** A process that came. */
export const isProcess = (difference: string): boolean => difference.startsWith('+ process ')

/**
 * How the host differs from a listing of before. Where only processes differ it is looked at again: one that is just
 * ending was not left behind.
 *
 * @param which of the differences count; default: all
 */
export async function changesSince(
  before: readonly string[],
  which: (difference: string) => boolean = () => true,
): Promise<string[]> {
  const until = performance.now() + ENDING_MS
  let seen: string[] = []
  await waitUntil(
    async () => {
      seen = differences(before, await hostListing()).filter(which)
      const mayEnd = seen.length > 0 && seen.every(isProcess) && performance.now() < until
      return mayEnd ? seen.join(', ') : undefined
    },
    { signal: AbortSignal.timeout(10 * ENDING_MS), everyMs: 100 },
  )
  return seen
}

/** What is in one list and not, or not as often, in the other. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const left = [...other]
  return list.filter((line) => {
    const i = left.indexOf(line)
    if (i !== -1) left.splice(i, 1)
    return i === -1
  })
}

/** Everything a lab may leave on a host, as lines that can be compared. */
export async function hostListing(): Promise<string[]> {
  const [containers, volumes, networks, links, hosts, ...rest] = await Promise.all([
    command('docker', 'ps', '-a', '--no-trunc', '--format', 'container {{.Names}}'),
    command('docker', 'volume', 'ls', '--format', 'volume {{.Name}}'),
    command('docker', 'network', 'ls', '--format', 'network {{.Name}}'),
    command('ip', '-o', 'link', 'show'),
    readFile('/etc/hosts', 'utf8'),
    names('ssh', '/etc/ssh/ssh_config.d'),
    names('netns', '/run/netns'),
    names('beside the hosts file', '/etc', /^hosts\./),
    names('temporary', tmpdir(), /^headless-lab-probe-|^clab|^kind/),
    names('state', join(root, '.lab')),
    mounts(),
  ])
  // Not beside the commands of this very listing.
  const left = await processes()
  return [
    ...[containers, volumes, networks].flatMap(({ stdout }) => stdout.split('\n')),
    // Those of containers come and go with them.
    ...[...links.stdout.matchAll(/^\d+: ([^:@]+)/gm)]
      .map(([, name]) => `link ${name ?? ''}`)
      .filter((line) => !/^link (lo|eth\d+|docker0|veth.*)$/.test(line)),
    `hosts ${JSON.stringify(hosts)}`,
    ...rest.flat(),
    ...left.map(({ line }) => `process ${line}`),
  ]
    .filter((line) => line !== '' && !ENGINE_NETWORKS.includes(line))
    .toSorted()
}

async function names(what: string, folder: string, which = /./): Promise<string[]> {
  const all = await readdir(folder).catch(() => [])
  return all.filter((name) => which.test(name)).map((name) => `${what} ${name}`)
}

/** But for the engine's own, which its containers and networks tell. */
async function mounts(): Promise<string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8')
  return text
    .split('\n')
    .map((line) => `mount ${line.split(' ')[4] ?? ''}`)
    .filter((line) => !/^mount (\/var\/lib\/docker|\/run\/docker|\/var\/run\/docker)/.test(line))
}

interface Process {
  readonly pid: string
  readonly parent: string
  readonly session: string
  /** Whether its ids mean something here: those of a container are in a namespace of its own. */
  readonly isHere: boolean
  /** What it is called, by the kernel and by itself: a script is one by the first, npm by the second. */
  readonly names: readonly string[]
  readonly line: string
  /** Process id of the run of the program whose mark it carries. */
  readonly run: string | undefined
  readonly folder: string
}

/**
 * What a run of the program left running: it carries the mark of one that is no more, or works in a lab's folder. The
 * mark may fail, which is one of the things that are tested, so what is called as a command of the program counts, too.
 */
async function processes(): Promise<Process[]> {
  const here = await namespaceOf('self')
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const all = (await Promise.all(pids.map((pid) => processOf(pid, here)))).flat()
  return all.filter(
    (one) =>
      (one.run !== undefined && !pids.includes(one.run)) ||
      one.folder.startsWith(join(root, '.lab')) ||
      (isStarted(one) && !isFamily(one, all) && !isOfOtherSession(one, all)),
  )
}

const namespaceOf = (pid: string): Promise<string> => readlink(`/proc/${pid}/ns/pid`).catch(() => '')

/** None where it has ended. */
async function processOf(pid: string, here: string): Promise<Process[]> {
  const [stat, environment, line, folder, namespace] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
    readlink(`/proc/${pid}/cwd`).catch(() => ''),
    namespaceOf(pid),
  ])
  // The command, field 2, is in parentheses and may hold spaces (proc_pid_stat(5)).
  const end = stat.lastIndexOf(')')
  const [state = 'Z', parent = '', , session = ''] = stat.slice(end + 2).split(' ')
  if (end === -1 || state === 'Z') return []
  const [file = ''] = line.split('\0')
  const names = [stat.slice(stat.indexOf('(') + 1, end), basename(file)]
  return [
    {
      ...{ pid, parent, session, folder },
      isHere: namespace === here,
      names: names.map((name) => name.split(' ')[0] ?? ''),
      line: line.replaceAll('\0', ' ').trim(),
      run: /(?:^|\0)HEADLESS_LAB_RUN=\S+ (\d+) /.exec(environment)?.[1],
    },
  ]
}

const isStarted = ({ isHere, names }: Process): boolean =>
  isHere && names.some((name) => STARTED.includes(name))

/** Whether it is this test, or was started by it, and is still known to have been. */
function isFamily({ pid, parent }: Process, all: readonly Process[]): boolean {
  if (pid === String(process.pid)) return true
  const above = all.find((one) => one.pid === parent)
  return above !== undefined && isFamily(above, all)
}

/**
 * Whether it was started in another terminal, say. The program makes each of its commands the leader of a session, and
 * what it would start otherwise is in its own, which is that of the test.
 */
function isOfOtherSession({ session }: Process, all: readonly Process[]): boolean {
  const leader = all.find(({ pid }) => pid === session)
  const own = all.find(({ pid }) => pid === String(process.pid))?.session
  return leader !== undefined && session !== own && !isStarted(leader)
}
