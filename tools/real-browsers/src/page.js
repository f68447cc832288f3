// What a page does with a list of fetches: a few at a time, in their order.
async (fetches, width, timeout) => {
  const ask = (href, via, { method, headers, credentials, body }) => new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open(method, href);
    request.timeout = timeout;
    request.withCredentials = credentials === "include";
    for (const [name, value] of headers) request.setRequestHeader(name, value);
    if (via === "upload") request.upload.addEventListener("progress", () => {});
    request.addEventListener("load", () => {
      const lines = request.getAllResponseHeaders().split("\r\n").filter((line) => line);
      const split = (line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)];
      resolve({ href, status: request.status, kind: "", headers: lines.map(split) });
    });
    for (const type of ["error", "timeout", "abort"]) {
      request.addEventListener(type, () => resolve({ href, error: `XMLHttpRequest: ${type}` }));
    }
    request.send(body);
  });
  const attempt = async ({ url, via, ...init }) => {
    let href = url;
    try {
      // As the console shows it.
      href = new URL(url, location.href).href;
      if (via !== "fetch") return await ask(href, via, init);
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeout) });
      const { status, type, headers } = response;
      // An unread body would occupy its connection. That it breaks off is not the script's concern here.
      await response.arrayBuffer().catch(() => {});
      return { href, status, kind: type, headers: [...headers] };
    } catch (error) {
      return { href, error: String(error) };
    }
  };
  const results = [];
  let next = 0;
  const work = async () => {
    while (next < fetches.length) {
      const index = next++;
      results[index] = await attempt(fetches[index]);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return JSON.stringify(results);
}
