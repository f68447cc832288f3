// What a page does with a list of fetches: a few at a time, in their order.
async (fetches, width, timeout) => {
  const attempt = async ({ url, ...init }) => {
    let href = url;
    try {
      // As the console shows it.
      href = new URL(url, location.href).href;
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
