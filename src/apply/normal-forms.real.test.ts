import { openKubeconfig } from "../io/kube/kube-contract-in-test.ts";
import { normalForms } from "./normal-forms-in-test.ts";

const kubeconfig = process.env["KUBECONFIG"];
if (kubeconfig === undefined) throw new Error("KUBECONFIG must name the cluster to ask: npm run test:kubernetes does");

normalForms("Kubernetes", (t) => openKubeconfig(t, kubeconfig));
