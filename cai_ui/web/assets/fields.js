/* Buttons inside HTML pieces, such as the entries of a list: one writes its value into the hidden field that it names, and
   the field's handler does what is meant. */
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-field]");
  if (button) window.caiTell(button.dataset.field, button.value);
});
