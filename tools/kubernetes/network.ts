/**
 * Where one instance lives: a /16 of its own (10.N.0.0/16), with this machine at its first address, the node at the second,
 * pods and services in ranges that only the node knows the way to. Etcd and the controllers' own ports are on 127.N.0.1, so
 * that no instance can meet another's.
 */
export interface Network {
  readonly index: number;
  /** Of the network namespace, this machine's end of the link (15 characters at most), the control group and the node. */
  readonly name: string;
  readonly hostAddress: string;
  readonly nodeAddress: string;
  readonly loopback: string;
  /** Holds all of the addresses here but the loopback. */
  readonly range: string;
  readonly podRange: string;
  readonly serviceRange: string;
  /** Of the Service `kubernetes`: the first of the services' range. */
  readonly apiServiceAddress: string;
  readonly dnsAddress: string;
}

/** Away from the ranges that kubeadm, k3s, flannel and Docker take by default. */
const indices = Array.from({ length: 40 }, (_, at) => 200 + at);

/** The instance with this number. */
export function networkOf(index: number): Network {
  const prefix = `10.${index}`;
  return {
    index,
    name: `plumbline-${index}`,
    hostAddress: `${prefix}.0.1`,
    nodeAddress: `${prefix}.0.2`,
    loopback: `127.${index}.0.1`,
    range: `${prefix}.0.0/16`,
    podRange: `${prefix}.1.0/24`,
    serviceRange: `${prefix}.128.0/17`,
    apiServiceAddress: `${prefix}.128.1`,
    dnsAddress: `${prefix}.128.10`,
  };
}

/** Every instance whose range meets none of these (`10.1.2.3`, `10.0.0.0/8`). */
export function freeNetworks(taken: readonly string[]): readonly Network[] {
  return indices.map(networkOf).filter(({ range }) => !taken.some((other) => overlap(range, other)));
}

/** The IPv4 ranges and addresses in `ip -json route show table all`; the default route meets everything and counts for nothing. */
export function rangesIn(routes: string): readonly string[] {
  const destinations = (JSON.parse(routes) as { dst?: string }[]).map(({ dst = "" }) => dst);
  return destinations.filter((range) => /^\d+\.\d+\.\d+\.\d+(\/\d+)?$/.test(range));
}

function overlap(left: string, right: string): boolean {
  const [a, b] = [parse(left), parse(right)];
  const size = 2 ** (32 - Math.min(a.prefix, b.prefix));
  return Math.floor(a.address / size) === Math.floor(b.address / size);
}

function parse(range: string): { readonly address: number; readonly prefix: number } {
  const [address = "", prefix = "32"] = range.split("/");
  return { address: address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0), prefix: Number(prefix) };
}
