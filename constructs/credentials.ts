import { Chart } from 'cdk8s'
import type { k8s } from 'cdk8s-plus-28'
import { Construct, type IConstruct } from 'constructs'
import { DEFAULT_NAMESPACE } from './dns.js'
import { dataKeyProblem, subdomainProblem } from './names.js'
import { addRules, nameRule, said } from './validation.js'

/** A Secret that must be there before the pods that mount it can start. */
export interface RequiredSecret {
  /** Namespace the Secret has to be in. */
  readonly namespace: string
  /** Name of the Secret. */
  readonly name: string
  /** Its keys, each the name of a file where it is mounted. Sorted, each once. */
  readonly keys: readonly string[]
}

/** Properties of {@link Credentials}. */
export interface CredentialsProps {
  /** Name of the Secret: a subdomain of RFC 1123. */
  readonly name: string
  /** Keys that are needed of it, at least one. */
  readonly keys: readonly string[]
}

/**
 * Names a Secret of passwords, and makes no object: what is synthesised can be committed. The lab's deploy
 * creates each such Secret that is absent, with random values, and keeps one that exists. Elsewhere it is made
 * by hand, once: `kubectl create secret generic <name> --from-literal=<key>=<value>`.
 *
 * Source: document 002 (`postgres-secret`).
 *
 * Synthesis fails, with the path of the construct, on a bad name or key, and without a key.
 */
export class Credentials extends Construct {
  /** Name of the Secret. */
  readonly secretName: string
  /** Keys that are needed of it, each the name of a file where it is mounted. */
  readonly keys: readonly string[]

  constructor(scope: Construct, id: string, props: CredentialsProps) {
    super(scope, id)
    Object.defineProperty(this, MARK, { value: true })
    this.secretName = props.name
    this.keys = props.keys
    addRules(
      this,
      nameRule('name', props.name, subdomainProblem),
      () => props.keys.flatMap((key) => said('key', dataKeyProblem(key)) ?? []),
      () => (props.keys.length === 0 ? 'has no key' : undefined),
    )
  }

  /**
   * The volume that mounts the keys, each as a file of its name, readable by the pod's group (`fsGroup`) and
   * nobody else.
   * @param name of the volume
   */
  volume(name: string): k8s.Volume {
    return {
      name,
      secret: {
        secretName: this.secretName,
        defaultMode: 0o440,
        items: this.keys.map((key) => ({ key, path: key })),
      },
    }
  }
}

/** All Secrets that the constructs below `root` need, by namespace and name. */
export function requiredSecrets(root: IConstruct): RequiredSecret[] {
  const found = new Map<string, RequiredSecret>()
  for (const one of root.node.findAll()) {
    if (!isCredentials(one)) continue
    const namespace = Chart.of(one).namespace ?? DEFAULT_NAMESPACE
    const id = `${namespace}/${one.secretName}`
    const keys = [...new Set([...(found.get(id)?.keys ?? []), ...one.keys])].sort()
    found.set(id, { namespace, name: one.secretName, keys })
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, secret]) => secret)
}

/** By a mark, not by class: an app may have loaded the library twice, as ESM and as CommonJS. */
const isCredentials = (one: IConstruct): one is Credentials => MARK in one

const MARK = Symbol.for('headless-lab.Credentials')
