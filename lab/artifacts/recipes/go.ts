import type { Recipe, RecipeStep } from '../recipe.js'
import { versions } from '../versions.js'

/** The environment of every Go build: static programs, from exactly the versions in go.sum. */
const GO_ENV = {
  CGO_ENABLED: '0',
  GOFLAGS: '-mod=readonly -trimpath -buildvcs=false',
  // A module may ask for a newer Go than the host has: Go then fetches that toolchain as a module.
  GOTOOLCHAIN: 'auto',
  GOWORK: 'off',
}

interface GoProgram {
  readonly name: string
  readonly title: string
  readonly version: string
  /** `-X` settings of the linker. */
  readonly set?: readonly string[]
  /** `tool`: the programs that its go.mod names as tools. */
  readonly packages?: readonly string[]
  /** Where the program, or with a slash at its end the programs, go below `{out}`. */
  readonly out: string
  readonly after?: readonly RecipeStep[]
}

/** A recipe that builds packages of the module in images/<name>. */
function goProgram({ name, title, version, set = [], packages = ['.'], out, after = [] }: GoProgram): Recipe {
  const ldflags = ['-s', '-w', ...set.flatMap((setting) => ['-X', setting])].join(' ')
  return {
    name,
    title,
    version,
    kind: 'files',
    lane: 'cpu',
    dependsOn: [],
    inputs: [name],
    tools: ['go'],
    steps: [
      {
        run: ['go', 'build', '-ldflags', ldflags, '-o', `{out}/${out}`, ...packages],
        cwd: `{images}/${name}`,
        env: GO_ENV,
      },
      ...after,
    ],
  }
}

const kubernetesVersion = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap(
  (path) => {
    const [major = '', minor = ''] = versions.kubernetes.slice(1).split('.')
    return [
      `${path}.gitVersion=${versions.kubernetes}`,
      `${path}.gitMajor=${major}`,
      `${path}.gitMinor=${minor}`,
      `${path}.gitCommit=unknown`,
      `${path}.gitTreeState=archive`,
    ]
  },
)

const CALICO = 'github.com/projectcalico/calico'
const CALICO_MODULE = `${CALICO}@v1.11.0-cni-plugin.0.20250813170300-a0db560f0520`

const kubernetes = goProgram({
  name: 'kubernetes',
  title: `Kubernetes ${versions.kubernetes}`,
  version: versions.kubernetes,
  set: kubernetesVersion,
  out: 'kube',
})

const etcd = goProgram({
  name: 'etcd',
  title: `etcd ${versions.etcd}`,
  version: versions.etcd,
  set: [`go.etcd.io/etcd/api/v3/version.GitSHA=v${versions.etcd}`],
  out: 'etcd',
})

const coredns = goProgram({
  name: 'coredns',
  title: `CoreDNS ${versions.coredns}`,
  version: versions.coredns,
  out: 'coredns',
})

const calico = goProgram({
  name: 'calico',
  title: `Calico ${versions.calico}`,
  version: versions.calico,
  set: [
    'main.VERSION',
    `${CALICO}/node/pkg/lifecycle/startup.VERSION`,
    `${CALICO}/node/buildinfo.GitVersion`,
    `${CALICO}/typha/pkg/buildinfo.GitVersion`,
    `${CALICO}/felix/buildinfo.Version`,
    `${CALICO}/calicoctl/calicoctl/commands.VERSION`,
    // What it compares with the cluster's version before it does anything.
    `${CALICO}/calicoctl/calicoctl/commands/common.VERSION`,
  ].map((variable) => `${variable}=${versions.calico}`),
  packages: ['tool'],
  out: 'bin/',
  // The release's own manifest is part of the module.
  after: [
    { run: ['cp', `{gomodcache}/${CALICO_MODULE}/manifests/calico-vxlan.yaml`, '{out}/calico-vxlan.yaml'] },
    { run: ['chmod', '0644', '{out}/calico-vxlan.yaml'] },
  ],
})

const localPathProvisioner = goProgram({
  name: 'local-path-provisioner',
  title: `local-path-provisioner ${versions.localPathProvisioner}`,
  version: versions.localPathProvisioner,
  set: [`main.VERSION=${versions.localPathProvisioner}`],
  packages: ['tool'],
  out: '',
})

const pause = goProgram({
  name: 'pause',
  title: `pause ${versions.pause}`,
  version: versions.pause,
  set: [`main.version=${versions.pause}`],
  out: 'pause',
})

const CONTAINERLAB = 'github.com/srl-labs/containerlab'

/**
 * containerlab opens /proc/modules and ends where a kernel without loadable modules has none. Only there is
 * it built from a copy of its module with that path changed (`go build -overlay` refuses files of the module
 * cache).
 */
function containerlab(kernelHasModules: boolean): Recipe {
  const plain = goProgram({
    name: 'containerlab',
    title: `containerlab ${versions.containerlab}`,
    version: versions.containerlab,
    set: [`${CONTAINERLAB}/cmd.version=${versions.containerlab}`],
    packages: ['tool'],
    out: '',
  })
  if (kernelHasModules) return plain
  const cwd = '{images}/containerlab'
  const modfile = '{scratch}/build.mod'
  const copy = '{scratch}/containerlab'
  return {
    ...plain,
    steps: [
      { run: ['go', 'mod', 'download', CONTAINERLAB], cwd, env: GO_ENV },
      { run: ['cp', '-r', `{gomodcache}/${CONTAINERLAB}@v${versions.containerlab}`, copy] },
      { run: ['chmod', '-R', 'u+w', copy] },
      { run: ['sed', '-i', 's#"/proc/modules"#os.DevNull#', `${copy}/utils/kernel_module.go`] },
      { run: ['cp', 'go.mod', modfile], cwd },
      { run: ['cp', 'go.sum', '{scratch}/build.sum'], cwd },
      {
        run: [
          ...['go', 'mod', 'edit', '-replace', `${CONTAINERLAB}=${copy}`],
          ...['-replace', 'inet.af/netaddr={images}/containerlab/netaddr', modfile],
        ],
        cwd,
        env: GO_ENV,
      },
      ...plain.steps.map((step) => ({
        ...step,
        run: step.run.flatMap((word) => (word === 'build' ? [word, `-modfile=${modfile}`] : [word])),
      })),
    ],
  }
}

/** The programs that are built from Go modules. */
export function goRecipes({ kernelHasModules }: { kernelHasModules: boolean }): Recipe[] {
  return [kubernetes, containerlab(kernelHasModules), calico, etcd, coredns, localPathProvisioner, pause]
}
