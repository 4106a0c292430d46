/* Screen readers tell a change only inside a region that was there before it, and Gradio puts in new regions together with
   their text. So what stands in them is repeated in a region that stays: once, and when it has come to rest. */
(() => {
  const REST_MS = 1000, MOST = 400;
  const told = new Map();
  let timer = 0;

  const place = () => {
    const known = document.getElementById("cai-said");
    if (known) return known;
    const made = Object.assign(document.createElement("div"), { id: "cai-said" });
    made.setAttribute("aria-live", "polite");
    document.body.append(made);
    return made;
  };
  const tell = () => {
    const news = [], first = told.size === 0;
    for (const box of document.querySelectorAll("#tabs :is([role=status], [aria-live])")) {
      if (!box.checkVisibility()) continue;
      const home = box.closest("[id]").id, last = box.matches("[aria-live]") ? box.lastElementChild ?? box : box;
      const text = last.innerText.replace(/\s+/g, " ").trim().slice(0, MOST);
      if (text && told.get(home) !== text) news.push(text);
      told.set(home, text);
    }
    if (first) told.set("", "");
    else if (news.length) place().textContent = news.join(" ");
  };
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(tell, REST_MS);
  };
  addEventListener("load", () => {
    place();
    new MutationObserver((changes) => {
      if (changes.some((one) => one.target instanceof Element && one.target.closest("#tabs"))) changed();
    }).observe(document.body, { childList: true, subtree: true });
  });
})();
