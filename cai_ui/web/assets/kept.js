/* What a person types lasts until the server has it: over a lost connection, a login that ended, a server that is begun
   anew and a page that is loaded again. Text about one example or principle comes into no other, and what was saved there
   meanwhile from another place stays; the text is shown beside it then. */
(() => {
  const KEPT = "cai-typed", LOOK_MS = 500;
  const CHANGED = "This was changed elsewhere meanwhile and stands as it was saved there. What you typed here:";
  /* Fields that are about what is chosen, and the hidden field that says what that is. */
  const ABOUT = [
    [/^curate-(text|note|spans)$/, "curate-place"],
    [/^principles-(name|critique|revision|tags|source|notes)$/, "principles-editing"],
    [/^principles-(title|description|note)$/, "principles-base"],
  ];
  const typed = new Map(); /* by field: what it is about, what it held since, what was typed last, and when */
  let gone = false; /* whether the server was, since the page was opened */

  const fieldOf = (id) => document.querySelector(`#${CSS.escape(id)} [data-testid=textbox]`);
  const idOf = (field) => field.closest("#tabs [id]:not([id^=component-])")?.id;
  /* Which one a field is about ("" for a field of its own), and as which revision of it. */
  const about = (id) => {
    const place = ABOUT.find(([fields]) => fields.test(id))?.[1];
    const said = (place && fieldOf(place)?.value) || "";
    if (place !== "curate-place" || !said.startsWith("{")) return { which: place ? `${place} ${said}` : "", rev: 0 };
    const { example_id, rev } = JSON.parse(said);
    return { which: example_id, rev };
  };
  const isSame = (one, other) => one.which === other.which && one.rev === other.rev;
  const mark = (text) => { let sum = 7; for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) | 0; return sum; };
  /* Other hidden fields take commands. */
  const isTyped = (field, id) => id && !field.disabled && (id === "curate-spans" || !field.closest(".hidden, .hide"));

  const hear = (event) => {
    const field = event.target instanceof Element && event.target.closest("#tabs [data-testid=textbox]");
    const id = field && idOf(field);
    if (!id || !isTyped(field, id)) return;
    const now = about(id);
    let one = typed.get(id);
    if (!one || !isSame(one, now)) typed.set(id, one = { ...now, held: new Set() });
    one.held.add(mark(field.value));
    if (event.type === "input") Object.assign(one, { text: field.value, at: Date.now() });
  };
  document.addEventListener("beforeinput", hear, true);
  document.addEventListener("input", hear, true);

  window.caiKept = {
    lost: () => { gone = true; },
    /* The server is there again, and may lack what was typed since. */
    back: (since) => {
      for (const [id, one] of typed) {
        if (one.at >= since && fieldOf(id)?.value === one.text && isSame(one, about(id))) window.caiTell(id, one.text);
      }
    },
  };

  let waiting = JSON.parse(sessionStorage.getItem(KEPT) || "[]");
  const store = () => {
    if (waiting.length) sessionStorage.setItem(KEPT, JSON.stringify(waiting.map(({ id, text, which, rev, held }) => ({ id, text, which, rev, held }))));
    else sessionStorage.removeItem(KEPT);
  };
  addEventListener("pagehide", () => {
    for (const field of document.querySelectorAll("#tabs [data-testid=textbox]")) {
      const id = idOf(field), text = field.value;
      if (!isTyped(field, id)) continue;
      const now = about(id), one = typed.get(id);
      const mine = one?.text === text && isSame(one, now);
      if (now.which ? !mine : !gone || !text) continue;
      waiting = waiting.filter((other) => other.id !== id || other.which !== now.which);
      waiting.push({ id, text, ...now, held: mine ? [...one.held] : [] });
    }
    store();
  });

  const show = (one) => {
    let box = document.getElementById("cai-kept");
    if (!box) {
      box = Object.assign(document.createElement("div"), { id: "cai-kept" });
      box.setAttribute("role", "alert");
      (document.querySelector(".gradio-container") || document.body).append(box);
    }
    const made = Object.assign(document.createElement("div"), { className: "cai-notice cai-notice-warn" });
    const name = document.querySelector(`#${CSS.escape(one.id)} [data-testid=block-info]`)?.textContent.trim();
    const said = Object.assign(document.createElement("p"), { textContent: name ? `${name}: ${CHANGED}` : CHANGED });
    const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" });
    close.addEventListener("click", () => {
      made.remove();
      waiting = waiting.filter((other) => other !== one);
      store();
    });
    made.append(said, Object.assign(document.createElement("pre"), { textContent: one.text }), close);
    box.append(made);
  };
  /* Whether a text has come to where it belongs. It is looked at twice, since an answer fills one field after another. */
  const bring = (one) => {
    const field = fieldOf(one.id), now = about(one.id);
    if (one.shown || !field || field.disabled || now.which !== one.which) return false;
    if (field.value === one.text || (!one.held.length && field.value)) return true;
    if (!one.seen) return !(one.seen = true);
    if (now.rev === one.rev && (!field.value || one.held.includes(mark(field.value)))) window.caiTell(one.id, one.text);
    else if (one.id === "curate-spans") return true;
    else show(one);
    return !(one.shown = field.value !== one.text);
  };
  setInterval(() => {
    if (!waiting.length || !document.documentElement.classList.contains("cai-ready")) return;
    const left = waiting.filter((one) => !bring(one));
    if (left.length === waiting.length) return;
    waiting = left;
    store();
  }, LOOK_MS);
})();
