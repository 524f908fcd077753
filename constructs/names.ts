import type { Labels } from './labels.js'

/**
 * The rules for names, each as a function that gives what is wrong with a name, or undefined when nothing is.
 * Messages are the tail of a sentence: "name "Redis" has a character other than …".
 */

/** Longest DNS label in octets (RFC 1035, 2.3.4). */
const LABEL_MAX = 63
/** Longest port name: a service name of RFC 6335 (5.1), which is what a container port's name must be. */
const PORT_NAME_MAX = 15
/**
 * Longest name of a StatefulSet. Its pods carry the label `controller-revision-hash: <name>-<10 characters>`,
 * and a label's value has at most 63: a longer name is accepted, and then no pod is ever created.
 */
const STATEFUL_SET_NAME_MAX = LABEL_MAX - 11

/** What is wrong with `value` as a label of RFC 1123 (namespaces, host names, workloads). */
export function rfc1123Problem(value: string, max = LABEL_MAX): string | undefined {
  const quoted = JSON.stringify(value)
  if (value === '') return 'is empty'
  if (value.length > max) return `${quoted} has ${value.length} characters, at most ${max} are allowed`
  if (!/^[a-z0-9-]+$/.test(value)) return `${quoted} has a character other than a-z, 0-9 and '-'`
  if (value.startsWith('-') || value.endsWith('-')) return `${quoted} starts or ends with '-'`
  return undefined
}

/** What is wrong with `value` as a label of RFC 1035 (Services): as RFC 1123, but it starts with a letter. */
export function rfc1035Problem(value: string): string | undefined {
  return (
    rfc1123Problem(value) ??
    (/^[a-z]/.test(value) ? undefined : `${JSON.stringify(value)} does not start with a letter`)
  )
}

/** What is wrong with `value` as the name of a StatefulSet whose pods take their host names from it. */
export function statefulSetNameProblem(value: string): string | undefined {
  return rfc1123Problem(value, STATEFUL_SET_NAME_MAX)
}

/** What is wrong with `value` as the name of a port (RFC 6335, as Kubernetes applies it to container ports). */
export function portNameProblem(value: string): string | undefined {
  const problem = rfc1123Problem(value, PORT_NAME_MAX)
  if (problem !== undefined) return problem
  if (!/[a-z]/.test(value)) return `${JSON.stringify(value)} has no letter`
  if (value.includes('--')) return `${JSON.stringify(value)} has two '-' in a row`
  return undefined
}

/** What is wrong with `value` as a DNS domain: labels of RFC 1123 joined by dots, without a last dot. */
export function domainProblem(value: string): string | undefined {
  for (const label of value.split('.')) {
    const problem = rfc1123Problem(label)
    if (problem !== undefined) return `${JSON.stringify(value)}: a label ${problem}`
  }
  return undefined
}

/**
 * What is wrong with `value` as a qualified name of Kubernetes (keys of labels, application protocols): at most
 * 63 of letters, digits, '-', '_' and '.', that starts and ends with a letter or digit, with or without the
 * prefix of a DNS domain and '/'.
 */
export function qualifiedNameProblem(value: string): string | undefined {
  const parts = value.split('/')
  const quoted = JSON.stringify(value)
  if (parts.length > 2) return `${quoted} has more than one '/'`
  const name = parts.at(-1) ?? ''
  if (!/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(name))
    return `${quoted} is no name of at most 63 letters, digits, '-', '_' and '.', the first and last one a letter or digit`
  const [prefix] = parts
  return parts.length === 2 && prefix !== undefined ? subdomainProblem(prefix) : undefined
}

/** What is wrong with `value` as the value of a label: at most 63 of letters, digits, '-', '_' and '.'; it may be empty. */
export function labelValueProblem(value: string): string | undefined {
  if (/^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/.test(value)) return undefined
  return `${JSON.stringify(value)} is not empty, nor at most 63 letters, digits, '-', '_' and '.', the first and last one a letter or digit`
}

/** What is wrong with labels, each a sentence that begins with what they are. */
export function labelProblems(what: string, labels: Labels = {}): string[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    const problem = qualifiedNameProblem(key) ?? labelValueProblem(value)
    return problem === undefined ? [] : [`${what}: ${problem}`]
  })
}

/** What is wrong with `value` as the reference of an image, for the API server: the rest is the registry's business. */
export function imageProblem(value: string | undefined): string | undefined {
  // Without types nobody sees that there is none.
  if (typeof value !== 'string') return 'is missing; write the reference of one, such as redis:8.0'
  if (value === '') return 'is empty'
  return /\s/.test(value) ? `${JSON.stringify(value)} has white space` : undefined
}

/** What is wrong with `value` as a key of a Secret or a ConfigMap, which is also the name of a file. */
export function dataKeyProblem(value: string): string | undefined {
  if (value === '.' || value.startsWith('..')) return `${JSON.stringify(value)} is '.' or starts with '..'`
  if (/^[-._a-zA-Z0-9]{1,253}$/.test(value)) return undefined
  return `${JSON.stringify(value)} is not 1 to 253 letters, digits, '-', '_' and '.'`
}

/** What is wrong with `value` as the name of most objects (RFC 1123 subdomain): at most 253 characters. */
export function subdomainProblem(value: string): string | undefined {
  return value.length > 253
    ? `${JSON.stringify(value)} has ${value.length} characters, at most 253 are allowed`
    : domainProblem(value)
}
