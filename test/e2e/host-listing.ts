import { readdir, readFile, readlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { command, root } from './program.js'

/** They come with an engine, which the very run that is looked at may have installed. */
const ENGINE_NETWORKS = ['network bridge', 'network host', 'network none']

/** How two listings differ: what came, with `+`, and what went, with `-`. */
export function differences(before: readonly string[], after: readonly string[]): string[] {
  return [
    ...without(after, before).map((line) => `+ ${line}`),
    ...without(before, after).map((line) => `- ${line}`),
  ]
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
    processes(),
  ])
  return [
    ...[containers, volumes, networks].flatMap(({ stdout }) => stdout.split('\n')),
    // Those of containers come and go with them.
    ...[...links.stdout.matchAll(/^\d+: ([^:@]+)/gm)]
      .map(([, name]) => `link ${name ?? ''}`)
      .filter((line) => !/^link (lo|eth\d+|docker0|veth.*)$/.test(line)),
    `hosts ${JSON.stringify(hosts)}`,
    ...rest.flat(),
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

/** What a run of the program left running: it carries the mark of one that is no more, or works in a lab's folder. */
async function processes(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(
    pids.map(async (pid) => {
      const [environment, line, folder] = await Promise.all([
        readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
        readlink(`/proc/${pid}/cwd`).catch(() => ''),
      ])
      const run = /(?:^|\0)HEADLESS_LAB_RUN=\S+ (\d+) /.exec(environment)?.[1]
      const isOrphan = run !== undefined && !pids.includes(run)
      return isOrphan || folder.startsWith(join(root, '.lab'))
        ? [`process ${line.replaceAll('\0', ' ').trim()}`]
        : []
    }),
  )
  return lines.flat()
}
