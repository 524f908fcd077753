import type { IpvsRealServer, IpvsServer } from './model/rules.js'

/**
 * The virtual servers in what `ipvsadm -Sn` prints: a line `-A -t 10.96.0.1:443 -s rr [-p 10800]` for each, and
 * after it a line `-a -t 10.96.0.1:443 -r 172.18.0.4:6443 -m -w 1` for each real server.
 */
export function parseIpvsadm(output: string): IpvsServer[] {
  const servers = new Map<string, IpvsServer & { servers: IpvsRealServer[] }>()
  for (const line of output.split('\n')) {
    const words = line.trim().split(/\s+/)
    const after = (option: string): string | undefined => {
      const at = words.indexOf(option)
      return at === -1 ? undefined : words[at + 1]
    }
    const option = ['-t', '-u', '--sctp-service'].find((each) => words.includes(each))
    if (option === undefined) continue
    const protocol = { '-t': 'tcp', '-u': 'udp' }[option] ?? 'sctp'
    const address = after(option) ?? ''
    const key = `${protocol} ${address}`
    if (words[0] === '-A') {
      const time = after('-p')
      servers.set(key, {
        ...{ protocol, ...decimal(address) },
        ...(time === undefined ? {} : { persistent: { time: Number(time), unit: 'seconds' as const } }),
        servers: [],
      })
    }
    if (words[0] === '-a') {
      const weight = Number(after('-w') ?? 1)
      servers.get(key)?.servers.push({ ...decimal(after('-r') ?? ''), weight })
    }
  }
  return [...servers.values()]
}

/**
 * The same of `/proc/net/ip_vs`, which every kernel with ip_vs has: `TCP  0A600001:01BB rr persistent 2700000 …`,
 * and under it `-> AC120004:19EB Masq 1 0 0`. Addresses and ports are hexadecimal; those of IPv6 in brackets.
 */
export function parseIpvsProc(output: string): IpvsServer[] {
  const servers: (IpvsServer & { servers: IpvsRealServer[] })[] = []
  for (const line of output.split('\n')) {
    const words = line.trim().split(/\s+/)
    const [first = '', at = '', ...rest] = words
    if (/^(TCP|UDP|SCTP)$/.test(first)) {
      const time = rest[rest.indexOf('persistent') + 1]
      servers.push({
        ...{ protocol: first.toLowerCase(), ...hexadecimal(at) },
        ...(rest.includes('persistent')
          ? { persistent: { time: Number(time), unit: 'ticks' as const } }
          : {}),
        servers: [],
      })
    }
    if (first === '->' && at !== 'RemoteAddress:Port') {
      servers.at(-1)?.servers.push({ ...hexadecimal(at), weight: Number(rest[1]) })
    }
  }
  return servers
}

interface Socket {
  readonly address: string
  readonly port: number
}

function parts(text: string): [address: string, port: string] {
  const at = text.lastIndexOf(':')
  return [text.slice(0, at).replaceAll(/[[\]]/g, ''), text.slice(at + 1)]
}

function decimal(text: string): Socket {
  const [address, port] = parts(text)
  return { address, port: Number(port) }
}

function hexadecimal(text: string): Socket {
  const [address, port] = parts(text)
  return {
    address: address.includes(':') ? shortened(address) : dotted(address),
    port: Number.parseInt(port, 16),
  }
}

function dotted(hex: string): string {
  return (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).join('.')
}

/** As the API writes it: the kernel writes all eight groups in full. */
function shortened(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1)
}
