// What a page does without fetch(). The result is whether an event reports success; a page that is left learns nothing.
async (action, url, timeout) => {
  const event = (target, good, bad) => new Promise((resolve) => {
    target.addEventListener(good, () => resolve(true));
    target.addEventListener(bad, () => resolve(false));
    setTimeout(() => resolve(null), timeout);
  });
  const module = (crossOrigin) => {
    const script = document.createElement("script");
    script.type = "module";
    script.crossOrigin = crossOrigin;
    script.src = url;
    document.head.append(script);
    return event(script, "load", "error");
  };
  const eventSource = (withCredentials) => {
    const source = new EventSource(url, { withCredentials });
    return event(source, "open", "error").finally(() => source.close());
  };
  const actions = {
    form() {
      const form = document.createElement("form");
      form.method = "post";
      form.action = url;
      document.body.append(form);
      // After the result was returned.
      setTimeout(() => form.submit());
      return null;
    },
    link() {
      const link = document.createElement("a");
      link.href = url;
      document.body.append(link);
      setTimeout(() => link.click());
      return null;
    },
    frame() {
      const frame = document.createElement("iframe");
      frame.src = url;
      document.body.append(frame);
      return event(frame, "load", "error");
    },
    image() {
      const image = new Image();
      image.src = url;
      return event(image, "load", "error");
    },
    module: () => module("anonymous"),
    moduleWithCredentials: () => module("use-credentials"),
    font() {
      const style = document.createElement("style");
      style.textContent = `@font-face { font-family: "${url}"; src: url("${url}"); }`;
      document.head.append(style);
      return document.fonts.load(`16px "${url}"`).then((faces) => faces.length === 1, () => false);
    },
    eventSource: () => eventSource(false),
    eventSourceWithCredentials: () => eventSource(true),
    eventSourceAgain() {
      const source = new EventSource(url);
      let opened = 0;
      return new Promise((resolve) => {
        source.addEventListener("open", () => {
          opened += 1;
          if (opened === 2) resolve(true);
        });
        source.addEventListener("error", () => {
          if (source.readyState === EventSource.CLOSED) resolve(false);
        });
        setTimeout(() => resolve(null), timeout);
      }).finally(() => source.close());
    },
    websocket() {
      const socket = new WebSocket(url);
      return event(socket, "open", "error").finally(() => socket.close());
    },
  };
  return JSON.stringify(await actions[action]());
}
