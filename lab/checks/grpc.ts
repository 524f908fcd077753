import { isHeadless, nameOf, namespaceOf } from '../observe/model/declared.js'
import type { Service } from '../observe/model/declared.js'
import { grpcClients } from '../observe/model/grpc.js'
import type { GrpcAnswers, GrpcClient, GrpcTarget } from '../observe/model/grpc.js'
import { backendPods } from './backends.js'
import { Unobserved, defineCheck, skipped } from './check.js'
import type { Context, Outcome, Scope } from './check.js'
import { compare } from './outcome.js'

interface Called {
  readonly client: GrpcClient
  readonly target: GrpcTarget
}

const eachHeadlessCalled = calledThat(isHeadless)
const eachVipCalled = calledThat((service) => !isHeadless(service))

const spread = defineCheck({
  id: 'grpc.headless.spread',
  title: "through the headless name one client's calls are answered by every ready pod, and by none else",
  answers: '003 Client-side load balancing',
  needs: ['grpc', 'api.pods'],
  hint: 'A pod without calls is not in DNS (dns.headless.a-set), or the client cannot connect to it (a policy). All calls at one pod: the service has a virtual IP.',
  of: eachHeadlessCalled,
  judge: (called, context) => {
    const ready = readyPods(called.target.service, context)
    const { answers, calls, error } = answersTo(called, context)
    if (ready.length === 0) return skipped('no pod is ready')
    // Not how many each: a connection that is replaced in between takes its turns with it.
    const all = { answered: ready, calls }
    return compare(
      all,
      error === undefined ? { answered: Object.keys(answers).sort(), calls: sum(answers) } : error,
      source(called),
    )
  },
})

const pinned = defineCheck({
  id: 'grpc.clusterip.pinned',
  title: "through the virtual IP all of one client's calls are answered by one of the ready pods",
  answers: '003 Client-side load balancing',
  needs: ['grpc', 'api.pods'],
  hint: 'kube-proxy balances connections, not calls. Several pods answered: the name has several addresses (dns.clusterip.a-vip), or something between them balances calls.',
  of: eachVipCalled,
  judge: (called, context) => {
    const ready = readyPods(called.target.service, context)
    const { answers, calls, error } = answersTo(called, context)
    if (ready.length === 0) return skipped('no pod is ready')
    if (ready.length === 1) return skipped('only one pod is ready, so that calls cannot spread')
    // That calls did not spread says nothing of the virtual IP, where this client's never do.
    if (!spreads(called, context))
      throw new Unobserved(
        `the calls of ${called.client.key} spread through no headless name (grpc.headless.spread)`,
      )
    const [pod, ...others] = Object.keys(answers)
    const one = pod !== undefined && others.length === 0 && ready.includes(pod)
    const expected = { answered: 'one of the ready pods', calls }
    if (error !== undefined) return compare(expected, error, source(called))
    return compare(
      expected,
      // Another one in each run: named only where it should not be.
      { answered: one ? expected.answered : answers, calls: sum(answers) },
      source(called),
    )
  },
})

export const grpcChecks = [spread, pinned]

function calledThat(wanted: (service: Service) => boolean): Scope<Called> {
  return {
    items: ({ declared, lab }) =>
      grpcClients(declared, lab).flatMap((client) =>
        client.targets.filter(({ service }) => wanted(service)).map((target) => ({ client, target })),
      ),
    subject: ({ target: { service } }) => ({
      kind: 'Service',
      namespace: namespaceOf(service),
      name: nameOf(service),
    }),
  }
}

function readyPods(service: Service, context: Context): string[] {
  return backendPods(service, context).map(nameOf).sort()
}

function answersTo({ client, target }: Called, { observations, read }: Context): GrpcAnswers {
  return read(read(observations.grpc[client.key])[target.address])
}

/** Whether the client was seen to have its calls answered by several pods. */
function spreads({ client }: Called, context: Context): boolean {
  return client.targets
    .filter(({ service }) => isHeadless(service))
    .some((target) => Object.keys(answersTo({ client, target }, context).answers).length > 1)
}

function sum(answers: Readonly<Record<string, number>>): number {
  return Object.values(answers).reduce((total, count) => total + count, 0)
}

function source({ target }: Called): Pick<Outcome, 'source'> {
  return { source: `grpc-client ${target.address} --json, in the pod of the client` }
}
