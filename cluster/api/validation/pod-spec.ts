import type { Cause } from "../refusal.ts";
import type { JsonMap } from "../stored-object.ts";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  listAt,
  mapAt,
  notNegative,
  oneOf,
  portNumber,
  required,
  textAt,
} from "./causes.ts";
import { checkForm, forms } from "./names.ts";

/** What is wrong with a pod's spec, at `path`. */
export function podSpecCauses(path: string, spec: JsonMap): readonly Cause[] {
  const containers = listAt(spec, "containers");
  const volumes = new Set(listAt(spec, "volumes").map((volume) => volume["name"]));
  const isHost = spec["hostNetwork"] === true;
  const names = new Set<unknown>();
  const check = (list: string): readonly Cause[] =>
    listAt(spec, list).flatMap((container, index) => {
      const at = `${path}.${list}[${index}]`;
      const again = names.has(container["name"]) ? [duplicate(`${at}.name`, container["name"])] : [];
      names.add(container["name"]);
      return [...containerCauses(at, container, volumes, isHost, list === "initContainers"), ...again];
    });
  return [
    ...volumeCauses(path, spec),
    ...(containers.length === 0 ? [required(`${path}.containers`)] : check("containers")),
    ...check("initContainers"),
    ...oneOf(`${path}.restartPolicy`, spec["restartPolicy"], ["Always", "OnFailure", "Never"]),
    ...oneOf(`${path}.dnsPolicy`, spec["dnsPolicy"], ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]),
    ...notNegative(`${path}.terminationGracePeriodSeconds`, spec["terminationGracePeriodSeconds"]),
  ];
}

/** In which order Kubernetes looks for the source of a volume. */
const volumeOrder = [
  "emptyDir",
  "hostPath",
  "secret",
  "nfs",
  "persistentVolumeClaim",
  "downwardAPI",
  "configMap",
  "projected",
];

function volumeCauses(path: string, spec: JsonMap): readonly Cause[] {
  const seen = new Set<unknown>();
  return listAt(spec, "volumes").flatMap((volume, index) => {
    const at = `${path}.volumes[${index}]`;
    const again = seen.has(volume["name"]) ? [duplicate(`${at}.name`, volume["name"])] : [];
    seen.add(volume["name"]);
    const sources = Object.keys(volume)
      .filter((key) => key !== "name")
      .sort((a, b) => volumeOrder.indexOf(a) - volumeOrder.indexOf(b));
    return [
      ...(volume["name"] === undefined
        ? [required(`${at}.name`)]
        : checkForm(`${at}.name`, volume["name"], forms.label)),
      ...again,
      ...(sources.length === 0 ? [required(at, "must specify a volume type")] : []),
      ...sources.slice(1).map((key) => forbiddenField(`${at}.${key}`, "may not specify more than 1 volume type")),
    ];
  });
}

function containerCauses(
  at: string,
  container: JsonMap,
  volumes: ReadonlySet<unknown>,
  isHost: boolean,
  isInit: boolean,
): readonly Cause[] {
  const { name, image } = container;
  return [
    ...(name === undefined || name === "" ? [required(`${at}.name`)] : checkForm(`${at}.name`, name, forms.label)),
    ...(image === undefined || image === "" ? [required(`${at}.image`)] : []),
    ...oneOf(`${at}.imagePullPolicy`, container["imagePullPolicy"], ["Always", "IfNotPresent", "Never"]),
    ...listAt(container, "ports").flatMap((port, index) => portCauses(`${at}.ports[${index}]`, port, isHost)),
    ...listAt(container, "env").flatMap((variable, index) => envCauses(`${at}.env[${index}]`, variable)),
    ...listAt(container, "volumeMounts").flatMap((mount, index) => {
      const field = `${at}.volumeMounts[${index}]`;
      return [
        ...(volumes.has(mount["name"]) ? [] : [notFound(`${field}.name`, mount["name"])]),
        ...(mount["mountPath"] ? [] : [required(`${field}.mountPath`)]),
      ];
    }),
    ...["livenessProbe", "readinessProbe", "startupProbe"].flatMap((probe) => {
      if (container[probe] === undefined) return [];
      if (isInit && container["restartPolicy"] !== "Always") {
        return [forbiddenField(`${at}.${probe}`, "may not be set for init containers without restartPolicy=Always")];
      }
      return probeCauses(`${at}.${probe}`, mapAt(container, probe), probe);
    }),
    ...resourceCauses(`${at}.resources`, mapAt(container, "resources")),
  ];
}

function envCauses(at: string, variable: JsonMap): readonly Cause[] {
  const both = variable["value"] !== undefined && variable["valueFrom"] !== undefined;
  return [
    ...(textAt(variable, "name") === "" ? [required(`${at}.name`)] : []),
    ...(both ? [invalidValue(`${at}.valueFrom`, "", "may not be specified when `value` is not empty")] : []),
  ];
}

function notFound(field: string, value: unknown): Cause {
  return { reason: "FieldValueNotFound", message: `Not found: ${JSON.stringify(value)}`, field };
}

function portCauses(at: string, port: JsonMap, isHost: boolean): readonly Cause[] {
  const { containerPort, hostPort } = port;
  const mismatch = isHost && hostPort !== undefined && hostPort !== containerPort;
  return [
    ...(containerPort === undefined || containerPort === 0
      ? [required(`${at}.containerPort`)]
      : portNumber(`${at}.containerPort`, containerPort)),
    ...(mismatch
      ? [invalidValue(`${at}.hostPort`, hostPort, "must match `containerPort` when `hostNetwork` is true")]
      : []),
    ...oneOf(`${at}.protocol`, port["protocol"], ["SCTP", "TCP", "UDP"]),
  ];
}

const handlers = ["exec", "httpGet", "tcpSocket", "grpc"];

function probeCauses(at: string, probe: JsonMap, kind: string): readonly Cause[] {
  const given = handlers.filter((handler) => probe[handler] !== undefined);
  const port = mapAt(probe, "httpGet")["port"] ?? mapAt(probe, "tcpSocket")["port"];
  const counts = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];
  const once = kind !== "readinessProbe" && probe["successThreshold"] !== 1;
  return [
    ...(given.length === 0 ? [required(at, "must specify a handler type")] : []),
    ...given.slice(1).map((handler) => forbiddenField(`${at}.${handler}`, "may not specify more than 1 handler type")),
    ...(typeof port === "number" ? portNumber(`${at}.${probe["httpGet"] ? "httpGet" : "tcpSocket"}.port`, port) : []),
    ...counts.flatMap((key) => notNegative(`${at}.${key}`, probe[key])),
    ...(once ? [invalidValue(`${at}.successThreshold`, probe["successThreshold"], "must be 1")] : []),
  ];
}

const quantity = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+|[KMGTPE]i|[numkMGTPE])?$/;

function resourceCauses(at: string, resources: JsonMap): readonly Cause[] {
  return ["limits", "requests"].flatMap((list) =>
    Object.entries(mapAt(resources, list)).flatMap(([key, value]) =>
      quantity.test(String(value))
        ? []
        : [
            invalidValue(
              `${at}.${list}[${key}]`,
              value,
              "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            ),
          ],
    ),
  );
}
