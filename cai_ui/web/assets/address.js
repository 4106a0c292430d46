/* The address names the tab, so that a reload stays there, and may name an example for Curate to open. */
(() => {
  /* What it was opened with: events of the page's beginning ask for it at any time, after a change below, too. */
  window.caiAsked = location.search;

  const change = (what) => {
    const address = new URL(location.href);
    what(address.searchParams);
    history.replaceState(history.state, "", address);
  };

  window.caiTab = () => {
    const tab = document.querySelector("[role=tab][aria-selected=true]");
    const name = tab && /^tab-(.+)-button$/.exec(tab.id);
    if (name) change((asked) => asked.set("tab", name[1]));
  };

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
