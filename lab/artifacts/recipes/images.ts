import { RUN_LABEL } from '../../host/descendants.js'
import type { Recipe, RecipeStep } from '../recipe.js'
import { versions, workloadImages } from '../versions.js'

/** One image of images/system/images.json: a name in the node, and how the one root file system is started for it. */
export interface SystemImage {
  readonly name: string
  readonly tag: string
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  readonly user?: string
  readonly workdir?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Marks an image, or a container that makes one, as ours: whatever carries it may be removed with the cache. */
export const ARTIFACT_LABEL = 'headless-lab.dev/artifact'
const labelOf = (name: string): string => `${ARTIFACT_LABEL}=${name}`
/** Of a container: teardown removes it where this run is over and could not. */
const onlyOfThisRun = `${RUN_LABEL}={run}`

/** What debootstrap leaves behind and no image needs. */
const LEFTOVERS = [
  'var/cache/apt',
  'var/lib/apt/lists',
  'var/log',
  'usr/share/man',
  'usr/share/info',
  'usr/share/locale',
]

/** The layer all images share: Debian's minimal system, from the host's own mirror. */
const base: Recipe = {
  name: 'base',
  title: `base layer (Debian ${versions.suite})`,
  kind: 'image',
  version: versions.suite,
  lane: 'io',
  dependsOn: [],
  inputs: ['base/rootfs'],
  tools: ['debootstrap'],
  steps: [
    {
      run: [
        // What it mounts in there is gone with its last process, also when it is killed and cannot unmount it.
        ...['unshare', '--mount', '--propagation', 'private'],
        ...[
          'debootstrap',
          '--variant=minbase',
          '--components=main',
          '--force-check-gpg',
          '--include=ca-certificates',
        ],
        ...[versions.suite, '{scratch}/debian', '{mirror}'],
      ],
      env: { PATH: `/usr/sbin:/sbin:/usr/bin:/bin` },
    },
    { run: ['find', ...LEFTOVERS.map((path) => `{scratch}/debian/${path}`), '-type', 'f', '-delete'] },
    { run: ['cp', '-r', '{images}/base/rootfs/.', '{scratch}/debian/'] },
    { run: ['tar', '-C', '{scratch}/debian', '--numeric-owner', '-cf', '{scratch}/debian.tar', '.'] },
    { run: ['docker', 'import', '--change', `LABEL ${labelOf('base')}`, '{scratch}/debian.tar', '{ref}'] },
  ],
}

/** Leaves no container of a step that fails, since nothing would tell whose it is. BuildKit makes none, and ignores this. */
const DOCKER_BUILD = ['docker', 'build', '--force-rm']

/** A build of a folder on the base layer; apt runs on the host's network, since it may reach its mirror only there. */
function dockerBuild(
  name: string,
  context: string,
  args: Readonly<Record<string, string>> = {},
): RecipeStep[] {
  const buildArgs = Object.entries({ BASE: '{artifact:base}', ...args }).flatMap(([name, value]) => [
    '--build-arg',
    `${name}=${value}`,
  ])
  return [
    {
      run: [
        ...[...DOCKER_BUILD, '--network', 'host', '--label', labelOf(name), '{no-cache}'],
        ...[...buildArgs, '-t', '{ref}', context],
      ],
      env: { BUILDKIT_PROGRESS: 'plain' },
    },
    {
      run: [
        'docker',
        'run',
        ...['--rm', '--network', 'none', '--label', onlyOfThisRun, '--entrypoint', 'cat'],
        ...['{ref}', '/usr/share/headless-lab/packages.txt'],
      ],
      stdoutTo: '{out}/packages.txt',
    },
  ]
}

function workload(name: keyof typeof workloadImages, title: string): Recipe {
  return {
    name,
    title,
    kind: 'image',
    version: versions[name],
    lane: 'io',
    dependsOn: ['base'],
    inputs: [name],
    tools: [],
    steps: dockerBuild(name, `{images}/${name}`),
  }
}

const copyInto = (from: string, to: string): RecipeStep => ({ run: ['cp', '-r', from, to] })

/** The gRPC server and client. Their npm packages hold nothing to compile: they are fetched here, and the image needs no npm. */
const grpc: Recipe = {
  name: 'grpc',
  title: 'gRPC image',
  kind: 'image',
  version: versions.grpc,
  lane: 'io',
  dependsOn: ['base'],
  inputs: ['grpc'],
  tools: [],
  steps: [
    copyInto('{images}/grpc/.', '{scratch}/context'),
    {
      run: [
        ...['npm', 'ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'],
        ...['--cache', '{scratch}/npm'],
      ],
      cwd: '{scratch}/context',
    },
    ...dockerBuild('grpc', '{scratch}/context'),
  ],
}

/** The Maven plugin that fetches jars; without a version Maven takes whatever is newest. */
const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'

/** Kafka, from the jars its project publishes. They are fetched here, and the image needs no Maven. */
const kafka: Recipe = {
  name: 'kafka',
  title: 'Kafka image',
  kind: 'image',
  version: versions.kafka,
  lane: 'io',
  dependsOn: ['base'],
  inputs: ['kafka'],
  tools: ['maven'],
  steps: [
    copyInto('{images}/kafka/.', '{scratch}/context'),
    {
      run: [
        // A checksum of the repository that does not fit is an error, not a warning.
        ...['mvn', '--batch-mode', '--no-transfer-progress', '--strict-checksums', COPY_DEPENDENCIES],
        ...['-DincludeScope=runtime', '-DoutputDirectory={scratch}/context/libs'],
        // Nothing is left in the user's own repository.
        '-Dmaven.repo.local={scratch}/repository',
      ],
      cwd: '{scratch}/context',
    },
    ...dockerBuild('kafka', '{scratch}/context'),
  ],
}

/** The root file system of everything the cluster itself runs. */
const system: Recipe = {
  name: 'system',
  title: 'system images (Kubernetes, etcd, CoreDNS, Calico)',
  kind: 'image',
  version: versions.kubernetes,
  lane: 'io',
  dependsOn: ['base', 'kubernetes', 'etcd', 'coredns', 'calico', 'local-path-provisioner', 'pause'],
  inputs: ['system/Dockerfile', 'system/rootfs'],
  tools: [],
  steps: [
    copyInto('{images}/system/.', '{scratch}/context'),
    { run: ['mkdir', '-p', '{scratch}/context/bin'] },
    copyInto('{artifact:kubernetes}/kube', '{scratch}/context/bin/'),
    copyInto('{artifact:etcd}/etcd', '{scratch}/context/bin/'),
    copyInto('{artifact:coredns}/coredns', '{scratch}/context/bin/'),
    copyInto('{artifact:calico}/bin', '{scratch}/context/bin/calico'),
    copyInto('{artifact:local-path-provisioner}/local-path-provisioner', '{scratch}/context/bin/'),
    copyInto('{artifact:pause}/pause', '{scratch}/context/bin/'),
    ...dockerBuild('system', '{scratch}/context'),
  ],
}

/** The machine a node is, without the images it runs. */
const nodeBase: Recipe = {
  name: 'node-base',
  title: 'node without its images (systemd, containerd, kubelet)',
  kind: 'image',
  version: versions.kubernetes,
  lane: 'io',
  dependsOn: ['base', 'kubernetes'],
  inputs: ['node', 'local-path-provisioner/storage.yaml'],
  tools: [],
  steps: [
    copyInto('{images}/node/.', '{scratch}/context'),
    { run: ['mkdir', '-p', '{scratch}/context/bin'] },
    copyInto('{artifact:kubernetes}/kube', '{scratch}/context/bin/'),
    copyInto('{images}/local-path-provisioner/storage.yaml', '{scratch}/context/'),
    ...dockerBuild('node-base', '{scratch}/context', { KUBERNETES_VERSION: versions.kubernetes }),
  ],
}

/** The Dockerfile of one image that differs from the system image only in how it is started. */
export function variantDockerfile(from: string, image: SystemImage): string {
  return [
    `FROM ${from}`,
    ...Object.entries(image.env ?? {}).map(([name, value]) => `ENV ${name}="${value}"`),
    ...(image.workdir === undefined ? [] : [`WORKDIR ${image.workdir}`]),
    ...(image.user === undefined ? [] : [`USER ${image.user}`]),
    `ENTRYPOINT ${JSON.stringify(image.entrypoint ?? [])}`,
    `CMD ${JSON.stringify(image.cmd ?? [])}`,
    '',
  ].join('\n')
}

/**
 * The node image with all images in its containerd. In the engine they keep our names; inside the node they
 * take those that kubeadm, Calico and the lab's manifests ask for.
 */
function node(systemImages: readonly SystemImage[]): Recipe {
  const variants = systemImages.map((image) => {
    const short = `${image.name.replace(/^[^/]+\//, '').replaceAll('/', '-')}-${image.tag}`
    return { image, ours: `headless-lab/node-image:${short.toLowerCase()}-{key}` }
  })
  const workloads = (Object.keys(workloadImages) as (keyof typeof workloadImages)[]).map((name) => ({
    ours: `{artifact:${name}}`,
    inNode: workloadImages[name],
  }))
  const tags = [
    ...variants.map(({ image, ours }) => `docker.io/${ours} ${image.name}:${image.tag}`),
    ...workloads.map(({ ours, inNode }) => `docker.io/${ours} ${inNode}`),
  ]
  const container = 'headless-lab-bake-{key}'
  return {
    name: 'node',
    title: 'node image',
    kind: 'image',
    version: versions.kubernetes,
    lane: 'io',
    dependsOn: ['node-base', 'system', ...Object.keys(workloadImages)],
    inputs: [],
    tools: [],
    steps: [
      ...variants.map(({ image, ours }) => ({
        run: [...DOCKER_BUILD, '--label', labelOf('node'), '-t', ours, '-'],
        input: variantDockerfile('{artifact:system}', image),
      })),
      {
        run: [
          ...['docker', 'save', '-o', '{scratch}/images.tar'],
          ...[...variants, ...workloads].map(({ ours }) => ours),
        ],
      },
      { run: ['tee', '{scratch}/tags'], input: `${tags.join('\n')}\n` },
      {
        run: [
          ...['docker', 'run', '--privileged', '--network', 'none', '--name', container],
          ...['--label', labelOf('node'), '--label', onlyOfThisRun],
          ...['-v', '{scratch}:/in:ro', '--entrypoint', '/kind/bin/import-images', '{artifact:node-base}'],
          ...['/in/images.tar', '/in/tags'],
        ],
        stdoutTo: '{out}/images.txt',
      },
      {
        run: [
          ...['docker', 'commit', '--change', 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]'],
          ...['--change', 'CMD []', '--change', `LABEL ${labelOf('node')} ${RUN_LABEL}=`, container, '{ref}'],
        ],
      },
    ],
    cleanup: [
      { run: ['docker', 'rm', '-f', container] },
      { run: ['docker', 'rmi', ...variants.map(({ ours }) => ours)] },
    ],
  }
}

/** The images, from the shared base layer to the node. */
export function imageRecipes(systemImages: readonly SystemImage[]): Recipe[] {
  return [
    base,
    workload('redis', 'Redis image'),
    workload('nginx', 'nginx image'),
    workload('multitool', 'multitool image'),
    workload('postgres', 'Postgres image'),
    workload('mariadb', 'MariaDB image'),
    grpc,
    kafka,
    system,
    nodeBase,
    node(systemImages),
  ]
}
