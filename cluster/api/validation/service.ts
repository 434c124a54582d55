import type { Cause } from "../refusal.ts";
import type { JsonMap } from "../stored-object.ts";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  listAt,
  mapAt,
  oneOf,
  portNumber,
  required,
  textAt,
} from "./causes.ts";
import { labelCauses } from "./metadata.ts";
import { checkForm, forms } from "./names.ts";

/** What is wrong with a service's spec. */
export function serviceCauses(spec: JsonMap): readonly Cause[] {
  const { type } = spec;
  const ports = listAt(spec, "ports");
  const headless = spec["clusterIP"] === "None";
  return [
    ...(ports.length === 0 && !headless && type !== "ExternalName" ? [required("spec.ports")] : []),
    ...(headless && type !== "ClusterIP" && type !== "ExternalName"
      ? [invalidValue("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${String(type)} services`)]
      : []),
    ...addressCauses(textAt(spec, "clusterIP")),
    ...(type === "ExternalName" ? externalNameCauses(spec) : []),
    ...portCauses(ports, type),
    ...labelCauses("spec.selector", mapAt(spec, "selector")),
    ...oneOf("spec.sessionAffinity", spec["sessionAffinity"], ["ClientIP", "None"]),
    ...oneOf("spec.type", type, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]),
  ];
}

function addressCauses(address: string): readonly Cause[] {
  if (address === "" || address === "None" || /^\d+(\.\d+){3}$/.test(address)) return [];
  return [invalidValue("spec.clusterIPs[0]", address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")];
}

function externalNameCauses(spec: JsonMap): readonly Cause[] {
  const name = spec["externalName"];
  return name ? checkForm("spec.externalName", name, forms.subdomain) : [required("spec.externalName")];
}

function portCauses(ports: readonly JsonMap[], type: unknown): readonly Cause[] {
  const names = new Set<unknown>();
  const numbers = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = `spec.ports[${index}]`;
    const number = `${String(port["port"])}/${String(port["protocol"])}`;
    const causes = [
      ...(ports.length > 1 && !port["name"] ? [required(`${at}.name`)] : []),
      ...(port["name"] && names.has(port["name"]) ? [duplicate(`${at}.name`, port["name"])] : []),
      ...portNumber(`${at}.port`, port["port"] ?? 0),
      ...oneOf(`${at}.protocol`, port["protocol"], ["SCTP", "TCP", "UDP"]),
      ...targetCauses(`${at}.targetPort`, port["targetPort"] ?? port["port"] ?? 0),
      ...nodePortCauses(`${at}.nodePort`, port["nodePort"], type),
      ...(numbers.has(number) ? [duplicate(at, asGo(port))] : []),
    ];
    names.add(port["name"]);
    numbers.add(number);
    return causes;
  });
}

function targetCauses(field: string, target: unknown): readonly Cause[] {
  if (typeof target === "number") return portNumber(field, target);
  const text = String(target);
  if (text.length > 15) return [invalidValue(field, text, "must be no more than 15 characters")];
  if (!/^[a-z0-9-]+$/.test(text)) {
    return [invalidValue(field, text, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")];
  }
  return /[a-z]/.test(text) ? [] : [invalidValue(field, text, "must contain at least one letter (a-z)")];
}

function nodePortCauses(field: string, nodePort: unknown, type: unknown): readonly Cause[] {
  if (nodePort === undefined || nodePort === 0) return [];
  if (type === "ClusterIP") return [forbiddenField(field, "may not be used when `type` is 'ClusterIP'")];
  const why = "provided port is not in the valid range. The range of valid ports is 30000-32767";
  return Number(nodePort) >= 30_000 && Number(nodePort) <= 32_767 ? [] : [invalidValue(field, nodePort, why)];
}

/** A duplicate port is shown as Go prints it. */
function asGo(port: JsonMap): JsonMap {
  return {
    Name: "",
    Protocol: port["protocol"],
    AppProtocol: port["appProtocol"] ?? null,
    Port: port["port"],
    TargetPort: 0,
    NodePort: 0,
  };
}
