/** One command of a fault. Nothing of it is made from input, so that what was done can be read here. */
export type Step =
  | {
      /** kubectl in the first control plane container. */
      readonly on: 'kubectl'
      readonly args: readonly string[]
      /** Given to it as JSON. */
      readonly input?: object
    }
  | {
      /** A command in a node's container. */
      readonly on: 'node'
      readonly node: 'control-plane' | 'worker' | 'worker2'
      readonly command: readonly string[]
    }
  | {
      /** docker itself, on a container of the lab. */
      readonly on: 'docker'
      readonly verb: 'pause' | 'unpause'
      readonly container: string
    }
  | {
      /** Puts an object back as it was before the fault. */
      readonly on: 'saved'
      readonly object: Saved
    }
  | {
      /** Tries again, once a second, until the step succeeds. */
      readonly on: 'until'
      readonly step: Step
      readonly seconds: number
    }
  | {
      /** Lets a cache run out. */
      readonly on: 'wait'
      readonly seconds: number
    }

/** An object that is kept before the fault is made. */
export interface Saved {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** Ids of checks, whatever their subjects. */
export interface Finding {
  /** These fail, and no others. */
  readonly fails: readonly string[]
  /** These cannot be judged where nothing of the same id fails, and no others. */
  readonly inconclusive?: readonly string[]
}

/** A single fault, made in a real lab. */
export interface RealFault {
  /** Also the name of its recording. */
  readonly name: string
  /** What is done, in words. */
  readonly what: string
  readonly saves?: readonly Saved[]
  readonly inject: readonly Step[]
  readonly restore: readonly Step[]
  /** What has to be found. */
  readonly expected: Finding
  /** Why the first run did not find what was expected, where that was not for a check's fault. */
  readonly first?: { readonly why: string }
  /** What was wrong with a check, where the first run showed that, and not with what was expected. */
  readonly mended?: string
}

export function kubectl(...args: string[]): Step {
  return { on: 'kubectl', args }
}

export function given(input: object, ...args: string[]): Step {
  return { on: 'kubectl', args, input }
}

/** A merge patch. */
export function patch(object: Saved, change: object): Step {
  const { kind, namespace, name } = object
  return kubectl('patch', kind, name, '-n', namespace, '--type=merge', '-p', JSON.stringify(change))
}

export function inPod(namespace: string, pod: string, ...command: string[]): Step {
  return kubectl('exec', '-n', namespace, pod, '--', ...command)
}

export function onNode(node: 'control-plane' | 'worker' | 'worker2', ...command: string[]): Step {
  return { on: 'node', node, command }
}

export function until(step: Step, seconds = 60): Step {
  return { on: 'until', step, seconds }
}

export function saved(object: Saved): Step {
  return { on: 'saved', object }
}

/** CoreDNS keeps answers of the reverse zones for 30 seconds, whatever it knows since. */
export const untilReverseNamesExpire: Step = { on: 'wait', seconds: 32 }
