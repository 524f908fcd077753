import { Option, type Command } from 'commander'
import { LabError } from '../errors.js'
import type { AnyCluster } from '../observe/any-cluster.js'
import { scenarios } from '../scenarios/registry.js'
import type { LabOptions } from './context.js'

/** What `verify` may be given. */
export interface VerifyCommandOptions extends LabOptions {
  readonly only?: readonly string[]
  readonly skip?: readonly string[]
  /** Names of the scenarios that are run instead of the checks. */
  readonly scenario?: readonly string[]
  /** Whether all scenarios are run after the checks. */
  readonly all?: boolean
  readonly watch?: boolean
  /** Set by deploy: no option of the command. */
  readonly justChanged?: boolean
  readonly json?: boolean
  /** File for the result as JUnit XML, beside what is printed. */
  readonly junit?: string
  /** File for the recording that the verdicts come from. */
  readonly save?: string
  /** File of a recording that is judged instead of a cluster. */
  readonly from?: string
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: readonly string[]
  readonly probeImage?: string
  readonly probeNamespace?: string
  readonly privilegedProbe?: boolean
  readonly write?: boolean
  readonly rbac?: boolean
}

const NAMES_CLUSTER = ['kubeconfig', 'context', 'namespace'] as const
const OF_CLUSTER = ['probeImage', 'probeNamespace', 'privilegedProbe', 'write'] as const
const CLUSTER = [...NAMES_CLUSTER, ...OF_CLUSTER]
const LAB = ['lab', 'name']
/** What comes of a scenario is seen once: it cannot be judged again from what was saved. */
const ONCE = ['watch', 'save', 'from']

/** Adds the options of `verify` to its command, in groups, with what contradicts what. */
export function addVerifyOptions(command: Command): Command {
  command
    .optionsGroup('Which checks:')
    .addOption(list('--only <globs>', 'only the checks whose ids are like these, as dns.* or *.headless.*'))
    .addOption(list('--skip <globs>', 'without the checks whose ids are like these'))
    .optionsGroup('Scenarios disturb the cluster, watch what comes of it, and take back what they changed:')
    .addOption(
      list('--scenario <names>', 'only these scenarios, and no checks: see below').conflicts([
        ...['all', 'only', 'skip', ...ONCE],
      ]),
    )
    .addOption(new Option('--all', 'the checks, and then all scenarios').conflicts(ONCE))
    .optionsGroup('What comes out:')
    .option('--json', 'print the result as one JSON object; with --watch one object a line for each flip')
    .option('--junit <file>', 'also write the result as JUnit XML')
    .addOption(
      new Option('--watch', 'verify again and again, and print what flips, until Ctrl-C').conflicts([
        ...['junit', 'save', 'from'],
      ]),
    )
    .option('--save <file>', 'also save what the verdicts come from (compressed: FILE.gz)')
    .addOption(
      new Option('--from <file>', 'judge what was saved: needs neither lab nor cluster').conflicts([
        ...[...LAB, ...CLUSTER, 'save'],
      ]),
    )
    .optionsGroup('A cluster that is not the lab (any of the first three means one):')
  const ofCluster = [
    new Option('--kubeconfig <file>', 'of that cluster (default: as kubectl)'),
    new Option('--context <name>', 'of the kubeconfig (default: its current one)'),
    list(
      '-n, --namespace <names>',
      "what is verified: all in these namespaces; '*' means all but kube-* (default: that of the context)",
    ),
  ]
  for (const option of ofCluster) command.addOption(option.conflicts(LAB))
  return command
    .option('--probe-image <image>', 'image of the probe pods, should any have to be made')
    .option('--probe-namespace <name>', 'where probe pods are looked for, or else made')
    .option('--privileged-probe', 'also make a privileged pod on each node, to read the rules of kube-proxy')
    .option('--write', 'let checks write what they remove again, such as a key of Redis; scenarios need it')
    .addOption(
      new Option('--rbac', 'print what the verifier must be allowed to do there, as YAML').conflicts([
        ...[...LAB, 'only', 'skip', 'json', 'junit', 'watch', 'save', 'from'],
      ]),
    )
    .addHelpText('after', EXAMPLES)
}

const EXAMPLES = `
Scenarios:
${scenarios.map(({ name, disrupts }) => `  ${name.padEnd(24)}${disrupts}`).join('\n')}

Examples:
  verify                                   the lab
  verify --only 'dns.*' --skip dns.ttl     some of the checks
  verify --watch                           what flips, as it happens
  verify --save now.json.gz                keep what was seen …
  verify --from now.json.gz                … and judge it again, anywhere
  verify --context staging -n shop,cache   two namespaces of a cluster of yours
  verify -n shop --rbac | kubectl apply -f -
  verify --scenario pod-deleted,scaled     what happens to names when pods go
  verify --all --junit result.xml          everything

Exit codes: 0 all pass, 1 a check failed, 2 bad usage or input, 5 another run holds the lab (scenarios only),
6 nothing failed but something could not be judged (or the cluster does not answer), 130 interrupted, also a
--watch that was ended by Ctrl-C.`

/** An option that may be given again, each time with one or several values between commas. */
function list(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value: string, before: string[] | undefined) => {
    const values = value
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '')
    if (values.length === 0)
      throw new LabError('usage.invalid', `${flags.split(' <')[0] ?? flags}: names nothing`)
    return [...(before ?? []), ...values]
  })
}

/** Whether a cluster is meant that is not the lab. */
export function meansCluster(options: VerifyCommandOptions): boolean {
  if (NAMES_CLUSTER.some((name) => options[name] !== undefined)) return true
  const [pointless] = OF_CLUSTER.filter((name) => options[name] !== undefined)
  if (pointless === undefined) return false
  const flag = `--${pointless.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  throw new LabError('usage.invalid', `${flag} is not for the lab`, {
    hint: 'name the cluster that is meant: --kubeconfig, --context or --namespace',
  })
}

/** The cluster that the options name. */
export function clusterOf(options: VerifyCommandOptions): AnyCluster {
  const { kubeconfig, context, namespace, probeImage, probeNamespace, privilegedProbe, write } = options
  return {
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    ...(namespace === undefined ? {} : { namespaces: namespace }),
    ...(probeImage === undefined ? {} : { probeImage }),
    ...(probeNamespace === undefined ? {} : { probeNamespace }),
    ...(privilegedProbe === undefined ? {} : { privilegedProbe }),
    ...(write === undefined ? {} : { mayWrite: write }),
  }
}
