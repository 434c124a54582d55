import type { Cause } from "../refusal.ts";
import { invalidValue } from "./causes.ts";

interface Form {
  readonly pattern: RegExp;
  readonly longest: number;
  readonly why: string;
}

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomain = `${label}(\\.${label})*`;

function form(pattern: string, longest: number, prose: string, examples: string): Form {
  const why = `${prose} (${examples}, regex used for validation is '${pattern}')`;
  return { pattern: new RegExp(`^${pattern}$`), longest, why };
}

/** The forms that names have, with Kubernetes' words about them. */
export const forms = {
  subdomain: form(
    subdomain,
    253,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    "e.g. 'example.com'",
  ),
  label: form(
    label,
    63,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    "e.g. 'my-name',  or '123-abc'",
  ),
  serviceName: form(
    "[a-z]([-a-z0-9]*[a-z0-9])?",
    63,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    "e.g. 'my-name',  or 'abc-123'",
  ),
  qualified: form(
    "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]",
    63,
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    "e.g. 'MyName',  or 'my.name',  or '123-abc'",
  ),
  labelValue: form(
    "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?",
    63,
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    "e.g. 'MyValue',  or 'my_value',  or '12345'",
  ),
  configKey: form(
    "[-._a-zA-Z0-9]+",
    253,
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    "e.g. 'key.name',  or 'KEY_NAME',  or 'key-name'",
  ),
} as const;

/** What is wrong with a text in one of the forms. */
export function checkForm(field: string, value: unknown, { pattern, longest, why }: Form): readonly Cause[] {
  const text = typeof value === "string" ? value : "";
  const tooLong = invalidValue(field, value, `must be no more than ${longest} characters`);
  return [
    ...(text.length > longest ? [tooLong] : []),
    ...(pattern.test(text) ? [] : [invalidValue(field, value, why)]),
  ];
}

/** Keys such as `app` and `example.com/app`. */
export function checkQualifiedName(field: string, key: string): readonly Cause[] {
  const parts = key.split("/");
  const name = parts.at(-1) ?? "";
  if (name === "") return [invalidValue(field, key, "name part must be non-empty")];
  const prefix = parts.length > 1 ? parts.slice(0, -1).join("/") : undefined;
  const prefixed = prefix !== undefined && !forms.subdomain.pattern.test(prefix);
  const problems = checkForm(field, name, forms.qualified).map((cause) => ({
    ...cause,
    message: cause.message
      .replace(JSON.stringify(name), JSON.stringify(key))
      .replace("must be no more", "name part must be no more"),
  }));
  return [...(prefixed ? [invalidValue(field, key, `prefix part ${forms.subdomain.why}`)] : []), ...problems];
}
