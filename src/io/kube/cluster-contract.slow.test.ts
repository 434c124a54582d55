import { embeddedKube } from "./embedded-kube-in-test.ts";
import { kubeContract } from "./kube-contract-in-test.ts";

kubeContract("the embedded cluster", embeddedKube);
