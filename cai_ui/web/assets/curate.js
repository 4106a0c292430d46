/* Curate: entries of lists that lead somewhere, the blur over sensitive texts, the list of keys. */
(() => {
  /* A button with data-curate writes its words into a hidden field, whose handler shows what is meant. */
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-curate]");
    const field = button && document.querySelector("#curate-command textarea, #curate-command input");
    if (!field) return;
    const kind = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(field, button.dataset.curate);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });

  const KEY = "cai-blur";
  const show = () => document.documentElement.classList.toggle("cai-blurred", localStorage.getItem(KEY) === "on");
  window.caiBlur = () => {
    localStorage.setItem(KEY, localStorage.getItem(KEY) === "on" ? "off" : "on");
    show();
  };
  show();

  window.caiKeyList = () => {
    const list = document.getElementById("curate-key-list");
    if (list) list.open = !list.open;
  };
})();
