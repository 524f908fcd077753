// `npm run bench`: how long the commands take on this machine, each as a whole process, under a lab name of
// its own. Artifacts are built before anything is timed. Machines are noisy: compare what one run printed. It ends
// with 1 when one of three deploys took too long, or a container of them was started again.
//
// `npm run bench -- --lab NAME` only compares `verify` with the plain script of the documents' exercises
// (bench/seed-exercises.sh), on a lab that is there, and leaves it as it is.
import { $, argv, chalk } from 'zx'

const LAB = argv.lab ?? 'headless-bench'
/** What a deploy may take on 2 cores. */
const DEPLOY_SECONDS = 240
$.verbose = false
$.stdio = ['ignore', 'pipe', 'inherit']

/** Runs a command of the program some times; gives the seconds of each. */
function time(times, ...args) {
  return timed(times, () => $`node scripts/headless-lab.mjs ${args} --name ${LAB}`)
}

async function timed(times, run) {
  const seconds = []
  for (let i = 0; i < times; i++) {
    const began = performance.now()
    await run()
    seconds.push((performance.now() - began) / 1000)
  }
  return seconds
}

/** `verify` and the plain script by turns, so that both have the same noise: the seconds of each. */
async function sideBySide(times) {
  const verify = []
  const script = []
  for (let i = 0; i < times; i++) {
    verify.push(...(await time(1, 'verify')))
    script.push(...(await timed(1, () => $({ env: { ...process.env, LAB } })`sh bench/seed-exercises.sh`)))
  }
  return { verify, script }
}

function compared({ verify, script }) {
  row('verify, by turns with the script', verify)
  row('the exercises of 001 as a plain script', script)
  const ratio = (middle(script) / middle(verify)).toFixed(1)
  console.log(`the script takes ${ratio} times as long as verify (medians)`)
}

function middle(seconds) {
  return seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)]
}

function head() {
  const words = ['min', 'median', 'max'].map((word) => word.padStart(9))
  console.log(chalk.bold(`${'seconds'.padEnd(40)}${words.join('')}`))
}

function row(title, seconds) {
  const sorted = seconds.toSorted((a, b) => a - b)
  const figures = [sorted[0], middle(seconds), sorted.at(-1)].map((figure) =>
    `${figure.toFixed(1)} s`.padStart(9),
  )
  console.log(`${title.padEnd(40)}${figures.join('')}   (${seconds.length} runs)`)
}

/** How often containers of the lab were started again, all together. */
async function restarts() {
  const counts = "{.items[*].status['containerStatuses','initContainerStatuses'][*].restartCount}"
  const { stdout } =
    await $`node scripts/headless-lab.mjs kubectl --name ${LAB} get pods -A -o jsonpath=${counts}`
  return stdout.split(' ').reduce((sum, count) => sum + Number(count), 0)
}

async function everything() {
  // The first deploy may have to build; what is timed starts from nothing but the artifacts.
  await time(1, 'deploy')
  await time(1, 'teardown')
  const deploy = []
  const teardown = []
  let again = []
  let verify = []
  let both
  let restarted = 0
  for (let run = 1; run <= 3; run++) {
    deploy.push(...(await time(1, 'deploy')))
    restarted += await restarts()
    if (run === 3) {
      again = await time(5, 'deploy')
      verify = await time(5, 'verify')
      both = await sideBySide(3)
    }
    teardown.push(...(await time(1, 'teardown')))
  }
  head()
  row('deploy and verify, artifacts built', deploy)
  row('deploy of a lab that is as declared', again)
  row('verify', verify)
  row('teardown', teardown)
  compared(both)
  console.log(`containers started again in these deploys: ${restarted}`)
  const slow = deploy.filter((seconds) => seconds > DEPLOY_SECONDS)
  if (slow.length > 0) console.log(`deploys that took more than ${DEPLOY_SECONDS} s: ${slow.length} of 3`)
  if (restarted > 0 || slow.length > 0) process.exitCode = 1
}

if (argv.lab !== undefined) {
  const both = await sideBySide(3)
  head()
  compared(both)
} else {
  try {
    await everything()
  } finally {
    await $`node scripts/headless-lab.mjs teardown --name ${LAB}`.nothrow()
  }
}
