/* Gradio's text boxes report "input" on keypress only, so deleting, pasting, cutting, dictating and
   input methods would go unnoticed and unsaved. Where text changed without a keypress, give them one. */
(() => {
  let typed = false;

  document.addEventListener("keypress", () => {
    typed = true;
    setTimeout(() => { typed = false; }, 0);
  }, true);

  document.addEventListener("input", (event) => {
    const box = event.target;
    const isText = box instanceof HTMLTextAreaElement || (box instanceof HTMLInputElement && box.type === "text");
    if (!isText || typed) return;
    setTimeout(() => box.dispatchEvent(new KeyboardEvent("keypress", { key: "Unidentified" })), 0);
  });
})();
