/* Presses buttons for keys; which key presses which button comes from hotkeys.py. */
(() => {
  const { keys, picks, run } = window.caiKeys;

  /* Keys that a rater chose are told by the page; the table in the head then has no say in the same buttons. */
  const own = () => JSON.parse(document.getElementById("curate-key-list")?.dataset.keys || "{}");
  const idsOf = (key) => {
    const mine = own();
    const taken = new Set(Object.values(mine));
    return [...(mine[key] ? [mine[key]] : []), ...(keys[key] || []).filter((id) => !taken.has(id))];
  };

  const usable = (button) => button && !button.disabled && button.offsetParent !== null;

  const buttonOf = (id) => {
    const element = document.getElementById(id);
    if (!element) return null;
    return ["BUTTON", "SUMMARY"].includes(element.tagName) ? element : element.querySelector("button");
  };

  const boxOf = ([group, place]) => document.querySelectorAll("#" + group + " :is(input[type=checkbox], input[type=radio])")[place];

  const busyElsewhere = (target) =>
    target instanceof Element &&
    (target.isContentEditable ||
      target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [role=listbox], [role=dialog], [role=slider]"));

  const nearestRun = (target) => {
    const all = [...document.querySelectorAll("button." + run + ", ." + run + " button")].filter(usable);
    for (let box = target; box instanceof Element; box = box.parentElement) {
      const inside = all.find((button) => box.contains(button));
      if (inside) return inside;
    }
    return all[0];
  };

  /* Where two parts of a tab take the same keys (votes, and grades in their box), they go to the part that was used
     last, and never to the other one. A tab that was just opened has no such part; then the first that can be seen
     takes them. */
  const partOf = (element) => element.closest(".takes-keys");
  let used;
  const uses = (event) => {
    if (!(event.target instanceof Element)) return;
    used = event.target.closest("[role=tab]") ? undefined : partOf(event.target);
  };
  document.addEventListener("pointerdown", uses, true);
  document.addEventListener("focusin", uses, true);
  const here = (element) => used === undefined || partOf(element) === (used?.isConnected ? used : null);

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.repeat) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest?.("#curate-note")) {
      event.target.blur(); /* a comment decides nothing */
      return;
    }
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
    if (key.startsWith("Arrow") && event.target instanceof Element && event.target.closest("[role=tablist], [role=radiogroup], input:not([type=checkbox])")) return;
    const box = (picks[key] || []).map(boxOf).find((found) => found && found.offsetParent !== null && here(found));
    if (box) {
      event.preventDefault();
      box.click();
      return;
    }
    const button = idsOf(key).map(buttonOf).find((found) => usable(found) && here(found));
    if (button) {
      event.preventDefault();
      button.click();
    }
  });
})();
