import { kubeContract, openKubeconfig } from "./kube-contract-in-test.ts";

const kubeconfig = process.env["KUBECONFIG"];
if (kubeconfig === undefined) throw new Error("KUBECONFIG must name the cluster to ask: npm run test:kubernetes does");

kubeContract("Kubernetes", (t) => openKubeconfig(t, kubeconfig));
