/* The address names the tab, so that a reload stays there and Back leads to the tab before, and may name an example for
   Curate to open. */
(() => {
  /* What it was opened with: events of the page's beginning ask for it at any time, after a change below, too. */
  window.caiAsked = location.search;
  let used = false; /* by a person; before that a tab opens because the address asked for it */
  let back = ""; /* the tab that Back or Forward is about to open: the one before it is still to be seen until then */

  const change = (what, keep = "replaceState") => {
    const address = new URL(location.href);
    what(address.searchParams);
    history[keep](history.state, "", address);
  };

  const nameOf = (tab) => /^tab-(.+)-button$/.exec(tab?.id)?.[1] ?? "";
  const open = () => nameOf(document.querySelector("[role=tab][aria-selected=true]"));
  const named = () => new URLSearchParams(location.search).get("tab") || nameOf(document.querySelector("[role=tab]"));

  window.caiTab = () => {
    const name = open();
    if (back && name !== back) return;
    back = "";
    if (name && name !== named()) change((asked) => asked.set("tab", name), used ? "pushState" : "replaceState");
  };

  addEventListener("popstate", () => {
    const name = named();
    const tab = document.getElementById(`tab-${name}-button`);
    if (!tab || name === open()) return;
    back = name;
    tab.click();
  });

  for (const press of ["pointerdown", "click", "keydown"]) {
    const mark = (event) => {
      if (!event.isTrusted) return;
      used = true;
      back = "";
    };
    document.addEventListener(press, mark, true);
  }

  /* Once it is open, a reload is to come back to where the person is by then. */
  window.caiOpened = () => change((asked) => ["item", "prompt", "variants"].forEach((name) => asked.delete(name)));

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a[data-copy]");
    if (!link || event.ctrlKey || event.metaKey || !navigator.clipboard) return;
    event.preventDefault();
    navigator.clipboard.writeText(link.href).then(() => {
      link.dataset.copied = "";
      setTimeout(() => delete link.dataset.copied, 2000);
    });
  });
})();
