import type { IptablesRule } from '../../../lab/observe/model/observations.js'

/** A port of a virtual IP, and where it leads. */
export interface RulePort {
  /** As kube-proxy writes it into comments: `<namespace>/<service>:<port>`. */
  readonly of: string
  readonly vip: string
  readonly port: number
  /** `<address>:<port>`; none: it refuses. */
  readonly backends: readonly string[]
  /** For how long a client stays at a backend. */
  readonly seconds?: number
}

/** The rules that kube-proxy writes for one port of a virtual IP, in its iptables mode. */
export function rulesOfPort({ of, vip, port, backends, seconds }: RulePort): IptablesRule[] {
  const to = `-d ${vip}/32 -p tcp`
  const socket = { destination: `${vip}/32`, protocol: 'tcp', dport: String(port) }
  if (backends.length === 0) {
    const comment = `${of} has no endpoints`
    const rule = `-A KUBE-SERVICES ${to} -m comment --comment "${comment}" -m tcp --dport ${port} -j REJECT --reject-with icmp-port-unreachable`
    return [{ table: 'filter', chain: 'KUBE-SERVICES', rule, comment, ...socket, jump: 'REJECT' }]
  }
  const service = `KUBE-SVC-${hash(of)}`
  const chainOf = (backend: string): string => `KUBE-SEP-${hash(of + backend)}`
  const front = `${of} cluster IP`
  const said = `-m comment --comment "${front}" -m tcp --dport ${port}`
  const nat = (
    chain: string,
    rest: string,
    jump: string,
    comment: string,
    facts: object = {},
  ): IptablesRule => ({
    ...{ table: 'nat', chain, rule: `-A ${chain} ${rest}`, comment, ...facts, jump },
  })
  const recent = (chain: string): string => `--name ${chain} --mask 255.255.255.255 --rsource`
  return [
    nat('KUBE-SERVICES', `${to} ${said} -j ${service}`, service, front, socket),
    nat(service, `! -s 192.168.0.0/16 ${to} ${said} -j KUBE-MARK-MASQ`, 'KUBE-MARK-MASQ', front, socket),
    ...(seconds === undefined ? [] : backends).map((backend) => {
      const chain = chainOf(backend)
      const comment = `${of} -> ${backend}`
      const keep = `-m recent --rcheck --seconds ${String(seconds)} --reap ${recent(chain)} -j ${chain}`
      return nat(service, `-m comment --comment "${comment}" ${keep}`, chain, comment)
    }),
    ...backends.map((backend, i) => {
      const comment = `${of} -> ${backend}`
      const left = backends.length - i
      const dice = left === 1 ? '' : `-m statistic --mode random --probability ${(1 / left).toFixed(11)} `
      const chain = chainOf(backend)
      return nat(service, `-m comment --comment "${comment}" ${dice}-j ${chain}`, chain, comment)
    }),
    ...backends.flatMap((backend) => {
      const chain = chainOf(backend)
      const [ip = ''] = backend.split(':')
      const about = `-m comment --comment "${of}"`
      const set = seconds === undefined ? '' : `-m recent --set ${recent(chain)} `
      return [
        nat(chain, `-s ${ip}/32 ${about} -j KUBE-MARK-MASQ`, 'KUBE-MARK-MASQ', of),
        nat(chain, `-p tcp ${about} ${set}-m tcp -j DNAT --to-destination ${backend}`, 'DNAT', of, {
          protocol: 'tcp',
        }),
      ]
    }),
  ]
}

/** Sixteen characters that are another text's only by chance. */
function hash(text: string): string {
  let state = 7n
  for (const letter of text) state = (state * 1_000_003n + BigInt(letter.charCodeAt(0))) % 2n ** 80n
  return state.toString(32).toUpperCase().padStart(16, '0')
}
