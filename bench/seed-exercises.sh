#!/bin/sh
# The exercises of document 001 as a plain shell script: what a careful engineer writes to check the lab by hand,
# with kubectl, dig, grep and redis-cli, command for command and as strictly as the document does it: that
# something is there, and that the text to look for is in it. `npm run bench` runs it beside `verify`.
#
#     LAB=headless-services sh bench/seed-exercises.sh
#
# KUBECTL is the kubectl to use; without it the one in the lab's control plane is. Exit code 0 when every check
# passes, 1 when not.
set -u

LAB=${LAB:-headless-services}
KUBECTL=${KUBECTL:-docker exec $LAB-control-plane kubectl --kubeconfig=/etc/kubernetes/admin.conf}
passed=0
failed=0

said() { printf '%s\n' "$1"; }
k() { $KUBECTL "$@"; }
tool() { k exec "$MULTITOOL" -- "$@"; }
check() { # title, status
  if [ "$2" -eq 0 ]; then
    passed=$((passed + 1))
    echo "ok    $1"
  else
    failed=$((failed + 1))
    echo "FAIL  $1"
  fi
}
# Whether the output of a command has a text, or (not_in) has none of it, though it has something.
has() {
  title=$1 text=$2
  shift 2
  "$@" 2> /dev/null | grep -q -- "$text"
  check "$title" $?
}
not_in() {
  title=$1 text=$2
  shift 2
  output=$("$@" 2> /dev/null)
  [ -n "$output" ] && ! printf '%s\n' "$output" | grep -q -- "$text"
  check "$title" $?
}
some() {
  title=$1
  shift
  [ -n "$("$@" 2> /dev/null)" ]
  check "$title" $?
}
slices() { k get endpointslice -l "kubernetes.io/service-name=$1" -o yaml; }
chain() { docker exec "$LAB-worker" iptables -t nat -S KUBE-SERVICES; }

# 1. Inspect the topology
for node in control-plane worker worker2; do
  has "1 node $LAB-$node runs" "^$LAB-$node$" docker ps --filter "label=io.x-k8s.kind.cluster=$LAB" --format '{{.Names}}'
done

# 2. Verify pods and services
not_in '2 all pods run' '0/1\|Pending\|Error\|CrashLoop' k get pods -o wide
has '2 the StatefulSet has three of three' 'redis *3/3' k get statefulset
services=$(k get services)
has '2 nginx-clusterip has an address' 'nginx-clusterip *ClusterIP *[0-9]' said "$services"
has '2 nginx-headless has none' 'nginx-headless *ClusterIP *None' said "$services"
has '2 redis-headless has none' 'redis-headless *ClusterIP *None' said "$services"

# 3. Compare the answers of DNS
MULTITOOL=$(k get pods -l app=multitool -o 'jsonpath={.items[0].metadata.name}')
some '3.1 nginx-clusterip resolves' tool dig +short +search nginx-clusterip
some '3.2 nginx-headless resolves' tool dig +short +search nginx-headless
some '3.3 redis-headless resolves' tool dig +short +search redis-headless

# 4. Names of pods
has '4 endpoints of redis-headless have host names' 'hostname: redis-' slices redis-headless
not_in '4 endpoints of nginx-headless have none' 'hostname:' slices nginx-headless
for pod in redis-0 redis-1 redis-2; do
  some "4.1 $pod.redis-headless resolves" tool dig +short +search "$pod.redis-headless"
done
has '4.2 redis-0 answers by its name' PONG tool redis-cli -h redis-0.redis-headless ping

# 5. Replication by name
info=$(tool redis-cli -h redis-0.redis-headless INFO replication)
has '5.1 redis-0 is master' 'role:master' said "$info"
has '5.1 two replicas are connected' 'connected_slaves:2' said "$info"
for pod in redis-1 redis-2; do
  info=$(tool redis-cli -h "$pod.redis-headless" INFO replication)
  has "5.2 $pod follows redis-0 by its name" 'master_host:redis-0.redis-headless' said "$info"
  has "5.2 the link of $pod is up" 'master_link_status:up' said "$info"
done
has '5.3 redis-0 takes a write' OK tool redis-cli -h redis-0.redis-headless SET mykey 'Hello from master'
for pod in redis-1 redis-2; do
  has "5.3 $pod has it" 'Hello from master' tool redis-cli -h "$pod.redis-headless" GET mykey
done
has '5.4 redis-1 refuses writes' READONLY tool redis-cli -h redis-1.redis-headless SET anotherkey test
has '5.5 redis-1 waited for its master' 'waiting for master' k logs redis-1 -c wait-for-master

# 6. Rules of kube-proxy
has '6.1 nginx-clusterip has a rule' nginx-clusterip chain
not_in '6.2 nginx-headless has none' nginx-headless chain
not_in '6.2 redis-headless has none' redis-headless chain

tool redis-cli -h redis-0.redis-headless DEL mykey anotherkey > /dev/null
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
