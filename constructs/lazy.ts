import { Lazy } from 'cdk8s'

/**
 * A text that is made at synthesis. DNS names are: a bad one would throw where a construct is made, before the
 * rules can say where it was written.
 */
export function lazyText(produce: () => string): string {
  return Lazy.any({ produce }) as string
}
