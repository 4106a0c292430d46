/* Says what came of a press to people who hear the page. A region that comes into being together with its sentence is
   not announced by most screen readers, and pieces of the page are made anew at each answer; so this one lasts, and each
   sentence marked with data-said is put into it once, however often its piece is drawn again. */
(() => {
  const TOGETHER_MS = 150; /* sentences that come so close are said as one */
  const ARRIVING_MS = 1500; /* what stands in a tab that was just opened is no news */
  const known = new Map();
  let region = null, waiting = [], timer = 0, quietUntil = Infinity;

  const say = () => {
    const words = waiting.join(" ");
    waiting = [];
    region.replaceChildren();
    requestAnimationFrame(() => { region.textContent = words; });
  };

  /* A place is named by the component that it stands in, which outlives what is drawn there. */
  const look = () => {
    const places = new Map();
    for (const box of document.querySelectorAll("#tabs [data-said]")) {
      const words = box.checkVisibility() ? box.innerText.replace(/\s+/g, " ").trim() : "";
      const id = box.closest("[id]:not([data-said])")?.id ?? "";
      if (words) places.set(id, `${places.get(id) ?? ""} ${words}`.trim());
    }
    const quiet = performance.now() < quietUntil;
    for (const [id, words] of places) {
      if (known.get(id) === words) continue;
      known.set(id, words);
      if (!quiet) waiting.push(words);
    }
    for (const id of known.keys()) if (!places.has(id) && document.getElementById(id)?.checkVisibility()) known.delete(id);
    if (waiting.length) {
      clearTimeout(timer);
      timer = setTimeout(say, TOGETHER_MS);
    }
  };

  let asked = false;
  const soon = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; look(); });
  };

  const begin = () => {
    region = Object.assign(document.createElement("div"), { id: "cai-said" });
    region.setAttribute("role", "status");
    document.body.append(region);
    new MutationObserver((changes) => { if (changes.some((one) => !region.contains(one.target))) soon(); })
      .observe(document.body, { childList: true, subtree: true, characterData: true });
    document.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest("[role=tab]")) quietUntil = performance.now() + ARRIVING_MS;
    }, true);
    const ready = setInterval(() => {
      if (!document.documentElement.classList.contains("cai-ready")) return;
      clearInterval(ready);
      quietUntil = performance.now() + ARRIVING_MS;
    }, 100);
  };
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
