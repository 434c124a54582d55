import { embeddedKube } from "../io/kube/embedded-kube-in-test.ts";
import { normalForms } from "./normal-forms-in-test.ts";

normalForms("the embedded cluster", embeddedKube);
