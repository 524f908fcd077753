import { readFile, readlink, rm, symlink } from 'node:fs/promises'
import { isIP } from 'node:net'
import { basename } from 'node:path'
import { exists } from '../host/not-found.js'
import { nodesNetwork } from '../../topology/index.js'
import type { Engine } from './engine.js'
import { changeHosts } from './hosts-file.js'

/**
 * What containerlab writes on the host beside containers: a block of lines in /etc/hosts and a file of the
 * ssh client's configuration, both named after the lab, and links to the network namespaces of containers.
 */
export interface HostEntries {
  readonly hostsFile: string
  readonly sshFile: string
  readonly netnsLinks: readonly string[]
}

const NETNS = /^\/proc\/\d+\/ns\/net$/

/** @param containers names of those that are the lab's */
export const hostEntries = (lab: string, containers: readonly string[]): HostEntries => ({
  hostsFile: '/etc/hosts',
  sshFile: `/etc/ssh/ssh_config.d/clab-${lab}.conf`,
  netnsLinks: containers.map((name) => `/run/netns/${name}`),
})

/** The line before the lab's own ones. */
export const hostsBlockBegin = (lab: string): string => `###### CLAB-${lab}-START ######`

/** The text of a hosts file without the block of this very lab. Pure. */
export function withoutHostsBlock(text: string, lab: string): string {
  const block = blockOf(text, lab)
  return block === undefined ? text : [...block.before, ...block.after].join('\n')
}

/**
 * The text of a hosts file in which the block of this very lab names the addresses that its containers have now. Pure.
 *
 * @param addresses by the name of the container; of each line the one of its own family is taken
 */
export function withAddresses(
  text: string,
  lab: string,
  addresses: ReadonlyMap<string, readonly string[]>,
): string {
  const block = blockOf(text, lab)
  if (block === undefined) return text
  const lines = block.lines.map((line) => {
    const [old = '', name = ''] = line.split(/\s+/)
    const now = addresses.get(name)?.find((address) => isIP(address) === isIP(old))
    return now === undefined || isIP(old) === 0 ? line : line.replace(old, now)
  })
  return [...block.before, ...lines, ...block.after].join('\n')
}

/** The lines of a lab's block, with those that mark it, and the lines around them. */
function blockOf(
  text: string,
  lab: string,
): { before: readonly string[]; lines: readonly string[]; after: readonly string[] } | undefined {
  const all = text.split('\n')
  const begin = all.indexOf(hostsBlockBegin(lab))
  const end = all.indexOf(`###### CLAB-${lab}-END ######`, begin)
  if (begin === -1 || end === -1) return undefined
  return { before: all.slice(0, begin), lines: all.slice(begin, end + 1), after: all.slice(end + 1) }
}

/** Makes the entries true again for containers that were started anew, which may have other addresses. */
export async function refreshHostEntries(
  lab: string,
  { hostsFile, netnsLinks }: HostEntries,
  engine: Pick<Engine, 'addresses' | 'pid'>,
): Promise<void> {
  const addresses = new Map<string, string[]>()
  for (const link of netnsLinks) {
    const container = basename(link)
    addresses.set(container, await engine.addresses(container, nodesNetwork))
    const target = await readlink(link).catch(() => '')
    const pid = NETNS.test(target) ? await engine.pid(container) : undefined
    const wanted = `/proc/${String(pid)}/ns/net`
    if (pid === undefined || target === wanted) continue
    await rm(link)
    await symlink(wanted, link)
  }
  await changeHosts(hostsFile, (text) => withAddresses(text, lab, addresses))
}

/** Removes the lab's entries; says what it removed. */
export async function removeHostEntries(lab: string, entries: HostEntries): Promise<string[]> {
  const removed: string[] = []
  if (await changeHosts(entries.hostsFile, (text) => withoutHostsBlock(text, lab)))
    removed.push(`lines of ${entries.hostsFile}`)
  if (await exists(entries.sshFile)) {
    await rm(entries.sshFile)
    removed.push(entries.sshFile)
  }
  for (const link of await links(entries)) {
    await rm(link)
    removed.push(link)
  }
  return removed
}

/** What is left of the lab's entries. */
export async function leftHostEntries(lab: string, entries: HostEntries): Promise<string[]> {
  const text = await readFile(entries.hostsFile, 'utf8')
  return [
    ...(withoutHostsBlock(text, lab) === text ? [] : [entries.hostsFile]),
    ...((await exists(entries.sshFile)) ? [entries.sshFile] : []),
    ...(await links(entries)),
  ]
}

/**
 * Links to namespaces of processes, under the names of the lab's containers, which are gone by now: containerlab
 * removes them only when it ends as it means to.
 */
async function links({ netnsLinks }: HostEntries): Promise<string[]> {
  const targets = await Promise.all(netnsLinks.map((link) => readlink(link).catch(() => '')))
  return netnsLinks.filter((_, i) => NETNS.test(targets[i] ?? ''))
}
