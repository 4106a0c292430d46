/* The tabs take no input until they show what the person had left in them; session.py says when that is.
   `cai-ready` on the root element tells scripts and tests. */
(() => {
  const PATIENCE_MS = 20000; /* a page whose restore never comes must still be usable */
  const root = document.documentElement;
  const tabs = () => document.getElementById("tabs");

  const close = () => {
    const box = tabs();
    if (!box) return;
    watch.disconnect();
    if (!root.classList.contains("cai-ready")) box.inert = true;
  };
  const watch = new MutationObserver(close);
  watch.observe(root, { childList: true, subtree: true });

  window.caiReady = () => {
    root.classList.add("cai-ready");
    const box = tabs();
    if (box) box.inert = false;
    window.caiOpened();
  };
  setTimeout(window.caiReady, PATIENCE_MS);
})();
