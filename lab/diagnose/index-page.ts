import type { Collected } from './part.js'

/** What an index tells beside its files. */
export interface About {
  readonly lab: string
  /** Of this program. */
  readonly version: string
  /** RFC 3339, UTC. */
  readonly at: string
  /** How the values of Secrets were learnt that were taken out, or why they are not known; one line. */
  readonly secrets: string
}

/** README.md of an archive: what each file is, and what was taken out. Pure. */
export function indexPage({ lab, version, at, secrets }: About, { files, problems }: Collected): string {
  return [
    `# Lab ${lab}, ${at}`,
    '',
    `Written by headless-lab ${version} (\`npm run diagnose\`). What could not be collected is in problems.txt (${problems.length}).`,
    '',
    '| file | what it is | secrets taken out |',
    '| --- | --- | --- |',
    ...files.map(({ file, about, redacted }) => `| ${file} | ${about} | ${redacted} |`),
    '',
    '## Secrets',
    '',
    'Where a secret was stands `[redacted]`:',
    '',
    `- values of the cluster's Secrets, in base64 too: ${secrets}`,
    '- private keys, web tokens, bearer tokens, tokens of kubeadm, passwords in URLs and in Authorization headers',
    '- values of variables, keys, flags and statements that speak of a password, token, secret, credential or key',
    '',
    "Left out: the kubeconfig, what kubectl keeps (kube-cache), containerlab's keys, and all values of Secrets: of those there are names and keys.",
    '',
  ].join('\n')
}

/** problems.txt of an archive. Pure. */
export function problemsPage({ problems }: Collected): string {
  const lines = problems.map(({ what, reason }) => `${what}: ${reason}`)
  return `${lines.length === 0 ? 'none' : lines.join('\n')}\n`
}
