/* Presses buttons for keys; which key presses which button comes from hotkeys.py. */
(() => {
  const { keys, picks, run } = window.caiKeys;

  const usable = (button) => button && !button.disabled && button.offsetParent !== null;

  const buttonOf = (id) => {
    const element = document.getElementById(id);
    if (!element) return null;
    return element.tagName === "BUTTON" ? element : element.querySelector("button");
  };

  const busyElsewhere = (target) =>
    target instanceof Element &&
    (target.isContentEditable ||
      target.closest("input:not([type=checkbox]), textarea, select, [role=listbox], [role=dialog], [role=slider]"));

  const nearestRun = (target) => {
    const all = [...document.querySelectorAll("button." + run + ", ." + run + " button")].filter(usable);
    for (let box = target; box instanceof Element; box = box.parentElement) {
      const inside = all.find((button) => box.contains(button));
      if (inside) return inside;
    }
    return all[0];
  };

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.repeat) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const button = nearestRun(event.target);
      if (button) {
        event.preventDefault();
        /* the field reports its text on the next tick; press after that */
        setTimeout(() => button.click(), 60);
      }
      return;
    }
    if (event.key === "Escape" && event.target instanceof HTMLElement && busyElsewhere(event.target)) {
      event.target.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || busyElsewhere(event.target)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key.startsWith("Arrow") && event.target instanceof Element && event.target.closest("[role=tablist], [role=radiogroup], input")) return;
    if (picks[key]) {
      const [group, place] = picks[key];
      const box = document.querySelectorAll("#" + group + " input[type=checkbox]")[place];
      if (box && box.offsetParent !== null) {
        event.preventDefault();
        box.click();
      }
      return;
    }
    const button = keys[key] && buttonOf(keys[key]);
    if (usable(button)) {
      event.preventDefault();
      button.click();
    }
  });
})();
