import { readdir, readFile } from 'node:fs/promises'
import { command } from './program.js'

/** They come with an engine, which the very run that is looked at may have installed. */
const ENGINE_NETWORKS = ['network bridge', 'network host', 'network none']

/** Everything a lab may leave on a host, as lines that can be compared. */
export async function hostListing(): Promise<string[]> {
  const [containers, volumes, networks, hosts, ssh, namespaces] = await Promise.all([
    command('docker', 'ps', '-a', '--no-trunc', '--format', 'container {{.Names}}'),
    command('docker', 'volume', 'ls', '--format', 'volume {{.Name}}'),
    command('docker', 'network', 'ls', '--format', 'network {{.Name}}'),
    readFile('/etc/hosts', 'utf8'),
    readdir('/etc/ssh/ssh_config.d').catch(() => []),
    readdir('/run/netns').catch(() => []),
  ])
  return [
    ...[containers, volumes, networks].flatMap(({ stdout }) => stdout.split('\n')),
    ...hosts.split('\n').map((line) => `hosts ${line}`),
    ...ssh.map((file) => `ssh ${file}`),
    ...namespaces.map((name) => `netns ${name}`),
  ]
    .filter((line) => line !== '' && !ENGINE_NETWORKS.includes(line))
    .toSorted()
}
