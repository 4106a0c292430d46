/* Buttons inside HTML pieces, such as the entries of a list: one writes its value into the hidden field that it names, and
   the field's handler does what is meant. `data-curate` is short for a value of Curate's field. */
(() => {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-field], [data-curate]");
    const field = button && document.querySelector(`#${button.dataset.field ?? "curate-command"} :is(textarea, input)`);
    if (!field) return;
    const kind = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(field, button.dataset.curate ?? button.value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
