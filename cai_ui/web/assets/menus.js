/* Gradio's menus say "input" whenever they are left, chosen from or not, and twice where an entry was pressed (6.31).
   `app.py` has each event of a menu ask here first: it goes on once for each choice that a person made. */
(() => {
  const MENU = "input[role=combobox]";
  const choices = new Map(), heard = new Map();
  let typed = null;

  const chose = (field) => {
    const id = field.closest(".block")?.id;
    choices.set(id, (choices.get(id) ?? 0) + 1);
    typed = null;
  };
  const fieldOf = (event) => event.target instanceof HTMLInputElement && event.target.matches(MENU) ? event.target : null;

  document.addEventListener("input", (event) => { typed = fieldOf(event) ?? typed; }, true);
  document.addEventListener("mousedown", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest("[role=option]")) return;
    const list = event.target.closest("[role=listbox]");
    const field = list && document.querySelector(`${MENU}[aria-controls="${list.id}"]`);
    if (field) chose(field);
  }, true);
  document.addEventListener("keydown", (event) => {
    const field = fieldOf(event);
    if (field && event.key === "Enter" && !event.ctrlKey && !event.metaKey) chose(field);
    /* Gradio opens the list for any key, a moment later: for Tab, when the menu was left already. */
    if (field && ["Tab", "Shift", "Control", "Alt", "Meta"].includes(event.key)) event.stopPropagation();
  }, true);
  document.addEventListener("blur", (event) => {
    const field = fieldOf(event);
    if (field && field === typed) chose(field);
    typed = null;
  }, true);

  /* An error ends Gradio's event before anything is sent, without a word. */
  window.caiChose = (id, event) => {
    const key = `${id} ${event}`, now = choices.get(id) ?? 0;
    if ((heard.get(key) ?? 0) === now) throw new Error("nothing was chosen");
    heard.set(key, now);
  };
})();
