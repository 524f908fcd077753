import { readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises'
import { exists } from '../host/not-found.js'

/**
 * What containerlab writes on the host beside containers: a block of lines in /etc/hosts and a file of the
 * ssh client's configuration, both named after the lab, and links to the network namespaces of containers.
 */
export interface HostEntries {
  readonly hostsFile: string
  readonly sshFile: string
  readonly netnsLinks: readonly string[]
}

/** @param containers names of those that are the lab's */
export const hostEntries = (lab: string, containers: readonly string[]): HostEntries => ({
  hostsFile: '/etc/hosts',
  sshFile: `/etc/ssh/ssh_config.d/clab-${lab}.conf`,
  netnsLinks: containers.map((name) => `/run/netns/${name}`),
})

/** The text of a hosts file without the block of this very lab. Pure. */
export function withoutHostsBlock(text: string, lab: string): string {
  const lines = text.split('\n')
  const begin = lines.indexOf(`###### CLAB-${lab}-START ######`)
  const end = lines.indexOf(`###### CLAB-${lab}-END ######`, begin)
  if (begin === -1 || end === -1) return text
  return [...lines.slice(0, begin), ...lines.slice(end + 1)].join('\n')
}

/** Removes the lab's entries; says what it removed. */
export async function removeHostEntries(lab: string, entries: HostEntries): Promise<string[]> {
  const removed: string[] = []
  const text = await readFile(entries.hostsFile, 'utf8')
  const without = withoutHostsBlock(text, lab)
  if (without !== text) {
    await replace(entries.hostsFile, without)
    removed.push(`lines of ${entries.hostsFile}`)
  }
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
  return netnsLinks.filter((_, i) => /^\/proc\/\d+\/ns\/net$/.test(targets[i] ?? ''))
}

/** By rename where the file system allows it: a container's /etc/hosts is a mount of its own and is written in place. */
async function replace(file: string, text: string): Promise<void> {
  const { mode } = await stat(file)
  const temporary = `${file}.headless-lab`
  await writeFile(temporary, text, { mode })
  try {
    await rename(temporary, file)
  } catch {
    await writeFile(file, text)
    await rm(temporary, { force: true })
  }
}
