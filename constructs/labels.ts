/** Labels of an object. */
export type Labels = Readonly<Record<string, string>>

/** The labels that select the pods of a workload: the documents' `app=<name>` and nothing else, so that their commands work. */
export function selectorLabels(name: string): Labels {
  return { app: name }
}

/**
 * All labels of a workload's objects and pods: those that select, and the ones Kubernetes recommends.
 * @param name name of this instance of the software, `redis` for example
 * @param software what runs: `redis`
 * @param component its part in the whole: `database`
 */
export function workloadLabels(name: string, software: string, component: string): Labels {
  return {
    ...selectorLabels(name),
    'app.kubernetes.io/name': software,
    'app.kubernetes.io/instance': name,
    'app.kubernetes.io/component': component,
  }
}
