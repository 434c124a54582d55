import type { Application } from "../model/application.ts";
import { defaultPolicy } from "./policy.ts";

/** For tests: the application staging/probe with the default policy, and with whatever is to be different. */
export function sampleApplication(different: Partial<Application> = {}): Application {
  return {
    id: "staging/probe",
    name: "probe",
    environment: "staging",
    path: "staging/probe",
    namespace: "probe",
    allowClusterKinds: [],
    rollout: defaultPolicy,
    health: [],
    after: [],
    allowEmpty: false,
    ...different,
  };
}
