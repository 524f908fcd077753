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
