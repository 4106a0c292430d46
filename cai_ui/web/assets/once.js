/* A button of class "once" begins work. Gradio takes a second press that comes before it has sent the first, and the
   work would begin twice; so a press that soon after another counts for nothing. */
(() => {
  const SOON_MS = 600;
  const pressed = new WeakMap();

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button.once");
    if (!button) return;
    if (event.timeStamp - (pressed.get(button) ?? -SOON_MS) < SOON_MS) event.stopImmediatePropagation();
    else pressed.set(button, event.timeStamp);
  }, true);
})();
