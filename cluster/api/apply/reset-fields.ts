import { emptySet, type FieldSet } from "./field-set.ts";
import { fieldPaths } from "./own.ts";

const ofObject = fieldPaths([["status"]]);
const ofStatus = fieldPaths([["spec"]]);
const ofWorkloadStatus = fieldPaths([["spec"], ["metadata", "labels"]]);
const ofPodStatus = fieldPaths([["spec"], ["metadata", "deletionTimestamp"], ["metadata", "ownerReferences"]]);
const ofCustomStatus = fieldPaths([["spec"], ["metadata"]]);

const ofStatusByKind: Readonly<Record<string, FieldSet>> = {
  "apps/v1/Deployment": ofWorkloadStatus,
  "v1/Pod": ofPodStatus,
};

/** Fields that a write through a subresource does not set, whatever the request says, and so nobody comes to own. */
export function resetFieldsOf(
  apiVersion: string,
  kind: string,
  subresource: string,
  isCustom: boolean,
  hasStatus: boolean,
): FieldSet {
  if (subresource === "") return hasStatus ? ofObject : emptySet;
  if (subresource !== "status") return emptySet;
  return isCustom ? ofCustomStatus : (ofStatusByKind[`${apiVersion}/${kind}`] ?? ofStatus);
}
