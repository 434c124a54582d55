/** Where the API server's proxy has a service, for a URL that names it; of https no certificate is checked. */
export function servicePath(url: URL, namespace: string, service: string): string {
  const [scheme, usualPort] = url.protocol === "https:" ? ["https:", "443"] : ["", "80"];
  return `/api/v1/namespaces/${namespace}/services/${scheme}${service}:${url.port || usualPort}/proxy`;
}
