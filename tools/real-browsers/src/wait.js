// Resolves to true when a condition is true, to false when that takes too long. It may become true with any change of the
// document, with the focus, or with what scripts do between two frames.
(condition, limit) =>
  new Promise((resolve) => {
    const end = (value) => {
      observer.disconnect();
      clearTimeout(timer);
      for (const type of events) removeEventListener(type, look, true);
      resolve(value);
    };
    const look = () => {
      if (condition()) end(true);
    };
    const events = ["focusin", "focusout", "load", "close", "readystatechange"];
    const observer = new MutationObserver(look);
    const timer = setTimeout(() => end(condition()), limit);
    const all = { subtree: true, childList: true, attributes: true, characterData: true };
    observer.observe(document, all);
    for (const type of events) addEventListener(type, look, true);
    look();
  })
