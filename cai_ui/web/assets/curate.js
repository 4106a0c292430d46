/* Curate: entries of lists that lead somewhere, the blur over sensitive texts, what was left open, keys of one's own,
   and swipes. */
(() => {
  /* Gradio learns of a text that a script wrote as it learns of one that was typed. */
  window.caiTell = (id, text) => {
    const field = document.querySelector("#" + id + " :is(textarea, input)");
    if (!field) return;
    field.dispatchEvent(new Event("beforeinput", { bubbles: true })); /* kept.js hears what stood there */
    const kind = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(field, text);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  /* A button with data-curate, or with data-says and data-to, writes its words into a hidden field, whose handler shows
     what is meant. */
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-curate], [data-says]");
    if (button) window.caiTell(button.dataset.to || "curate-command", button.dataset.says || button.dataset.curate);
  });

  const BLUR = "cai-blur";
  const show = () => {
    const on = localStorage.getItem(BLUR) === "on";
    document.documentElement.classList.toggle("cai-blurred", on);
    document.getElementById("curate-blur")?.setAttribute("aria-pressed", on);
  };
  window.caiBlur = () => {
    localStorage.setItem(BLUR, localStorage.getItem(BLUR) === "on" ? "off" : "on");
    show();
  };
  show();

  /* Whether the place that a key is pressed at was pressed at before, so that the answer is underway; not where that
     answer was lost, which errors.js knows. */
  let pressed = "";
  window.caiPress = (place) => {
    const behind = place === pressed;
    pressed = place;
    return behind;
  };
  window.caiLost = () => { pressed = ""; };

  window.caiKeyList = () => {
    const list = document.getElementById("curate-key-list");
    if (!list) return;
    list.open = !list.open;
    keep(list, list.open);
    if (list.open) list.scrollIntoView({ block: "nearest" });
  };

  /* What is folded with data-keep is open or closed as the person left it, on every example. */
  const kept = (box) => "cai-open-" + box.dataset.keep;
  const keep = (box, open) => localStorage.setItem(kept(box), open ? "open" : "");
  document.addEventListener("click", (event) => {
    const box = event.target instanceof Element && event.target.closest("summary")?.closest("details[data-keep]");
    if (box) keep(box, !box.open);
  }, true);
  const fold = () => {
    for (const box of document.querySelectorAll("details[data-keep]")) {
      const state = localStorage.getItem(kept(box));
      if (state !== null && box.open !== (state === "open")) box.open = state === "open";
    }
  };
  /* The tab comes into being when it is first looked at, and its cards are new each time. */
  let card = null;
  const shown = () => { fold(); window.caiSpans?.(); };
  const onCard = new MutationObserver(shown);
  new MutationObserver(() => {
    const now = document.getElementById("curate-card");
    if (now === card) return;
    card = now;
    onCard.disconnect();
    show();
    for (const id of card ? ["curate-card", "curate-key-box", "curate-marks", "curate-guidelines"] : []) {
      const box = document.getElementById(id);
      /* Gradio changes what differs and keeps the rest, so a folded part may lose no more than its attribute. */
      if (box) onCard.observe(box, { childList: true, subtree: true, attributeFilter: ["open", "data-example", "data-spans"] });
    }
    shown();
  }).observe(document.documentElement, { childList: true, subtree: true });

  /* After a decision the next example is looked at from its beginning; where a name is asked for, it is typed next. */
  window.caiJudged = () => {
    const name = document.querySelector("#curate-rater :is(textarea, input)");
    if (name && name.offsetParent !== null) return name.focus();
    window.caiSee("curate-card");
  };

  /* The table: which rows are selected is told in one list; with Shift, all rows since the last one. */
  let lastPick = null;
  const picks = () => [...document.querySelectorAll("#curate-table [data-pick]")];
  const tellPicks = () => window.caiTell("curate-picked", JSON.stringify(picks().filter((box) => box.checked).map((box) => box.dataset.pick)));
  document.addEventListener("click", (event) => {
    const box = event.target instanceof HTMLInputElement && event.target.closest("#curate-table input");
    if (!box) return;
    const all = picks();
    if ("pickAll" in box.dataset) for (const one of all) one.checked = box.checked;
    else if (event.shiftKey && all.includes(lastPick)) {
      const [from, to] = [all.indexOf(lastPick), all.indexOf(box)].sort((one, other) => one - other);
      for (const one of all.slice(from, to + 1)) one.checked = box.checked;
    }
    lastPick = box;
    tellPicks();
  });
  window.caiUnpick = () => {
    for (const box of document.querySelectorAll("#curate-table input")) box.checked = false;
    lastPick = null;
  };

  /* Another key for an action: the next one that is pressed. */
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-rebind]");
    if (!button) return;
    if (!button.dataset.rebind) return window.caiTell("curate-key", "reset " + Date.now());
    const words = button.textContent;
    button.textContent = "…";
    const take = (press) => {
      if (["Shift", "Control", "Alt", "Meta"].includes(press.key)) return;
      press.preventDefault();
      press.stopImmediatePropagation();
      stop();
      if (press.key !== "Escape") window.caiTell("curate-key", button.dataset.rebind + " " + press.key);
    };
    const stop = () => {
      button.textContent = words;
      window.removeEventListener("keydown", take, true);
      button.removeEventListener("blur", stop);
    };
    window.addEventListener("keydown", take, true);
    button.addEventListener("blur", stop);
    button.focus();
  });

  /* On a phone, a swipe over the example to the right accepts it, one to the left rejects it. */
  const FAR = 90, SLOW_MS = 700;
  let from = null;
  document.addEventListener("touchstart", (event) => {
    const inside = event.target instanceof Element && event.target.closest("#curate-card");
    const touch = event.touches[0];
    from = inside && event.touches.length === 1 ? { x: touch.clientX, y: touch.clientY, at: event.timeStamp } : null;
  }, { passive: true });
  document.addEventListener("touchend", (event) => {
    const begun = from, end = event.changedTouches[0];
    from = null;
    if (!begun || event.timeStamp - begun.at > SLOW_MS || !getSelection().isCollapsed) return;
    const x = end.clientX - begun.x, y = end.clientY - begun.y;
    if (Math.abs(x) < FAR || Math.abs(x) < 2 * Math.abs(y)) return;
    const button = document.getElementById(x > 0 ? "curate-accept" : "curate-reject");
    if (button && !button.disabled) button.click();
  }, { passive: true });
})();
