/* Buttons inside HTML pieces, such as the entries of a list: one writes its value into the hidden field that it names, and
   the field's handler does what is meant. */
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-field]");
  if (!button || (button.hasAttribute("href") && (event.ctrlKey || event.metaKey || event.shiftKey))) return;
  event.preventDefault();  // boxes of a drawing are links, which also lead there in a tab of their own
  window.caiTell(button.dataset.field, button.value ?? button.dataset.value);
});
