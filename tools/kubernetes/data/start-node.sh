# The first process of the node, in mount, process, network and host-name namespaces of its own: makes the node's root out
# of the unpacked packages ($PACKAGES), the Kubernetes commands ($COMMANDS) and the node's own folder ($NODE), moves into it
# and then only reaps what is orphaned. When it ends, the kernel ends everything in the node.
set -eu
# The packages' own busybox: nothing of the machine is needed.
PATH="$PACKAGES/usr/bin"

mount --make-rprivate /
mkdir -p "$NODE/root" "$NODE/var/lib/containerd" "$NODE/var/lib/kubelet" "$NODE/var/log" "$NODE/settings"
root="$NODE/root"
mount --bind "$PACKAGES" "$root"
mount --bind "$COMMANDS" "$root/opt/kubernetes"
mount --bind "$NODE/etc" "$root/etc"
mount --bind "$NODE/var" "$root/var"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
# A sysfs of this network namespace; it comes without the control groups.
mount -t sysfs sysfs "$root/sys"
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
# The kubelet insists on these settings of the machine; it is shown files that have them.
while read -r name value; do
  [ -e "/proc/sys/$name" ] || continue
  file="$NODE/settings/$(basename "$name")"
  echo "$value" > "$file"
  mount --bind "$file" "$root/proc/sys/$name"
done <<SETTINGS
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
SETTINGS
cd "$root"
pivot_root . mnt
cd /
PATH=/usr/bin
umount -l /mnt
# Last of all: what is shared earlier would lose the control groups to the unmounting above.
mount --make-rshared /
# Both are settings of this network namespace alone.
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
hostname "$NODE_NAME"
exec tini-static -- sleep infinity
