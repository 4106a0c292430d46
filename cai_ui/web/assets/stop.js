/* A press on Stop is answered at once, where the press was: the button says that it stops until it can be pressed no
   more. */
(() => {
  const STOPPING = "Stopping …";
  const LONGEST_MS = 120000; /* a page may be far behind */
  const ALWAYS = ["lab-stop", "try-stop"], ALWAYS_MS = 3000; /* these can be pressed at any time, so say it for a while */

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button[id$=-stop]");
    const text = button && [...button.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!text || button.disabled || text.data === STOPPING) return;
    const label = text.data;
    text.data = STOPPING;
    button.setAttribute("aria-live", "polite");
    const over = () => {
      watch.disconnect();
      clearTimeout(timer);
      if (text.data === STOPPING) text.data = label;
    };
    const watch = new MutationObserver(() => (button.disabled || !button.checkVisibility()) && over());
    watch.observe(button, { attributes: true, attributeFilter: ["disabled", "class", "style"] });
    const timer = setTimeout(over, ALWAYS.includes(button.id) ? ALWAYS_MS : LONGEST_MS);
  });
})();
