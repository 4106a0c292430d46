/* Says when the server is gone, and when it is there again. It is asked for a sign of life while the page is looked at;
   no connection is held open for that, since a browser has six for all tabs of a server. */
(() => {
  const EVERY_MS = 3000, PATIENCE_MS = 2000;
  const LOST = "The connection to the server is lost. What you typed is kept here; the page goes on by itself once the server is back.";
  const root = document.documentElement;
  const send = window.fetch.bind(window);
  let late = 0, gone = false; /* whether it was gone since the page was opened */

  const say = (lost) => {
    gone ||= lost;
    root.classList.toggle("cai-lost", lost);
    let box = document.getElementById("cai-lost");
    if (!box && lost) {
      box = Object.assign(document.createElement("div"), { id: "cai-lost", className: "cai-notice cai-notice-bad" });
      box.setAttribute("role", "alert");
      (document.querySelector(".gradio-container") || document.body).append(box);
    }
    if (box && !!box.textContent !== lost) box.textContent = lost ? LOST : "";
  };
  /* Its pages may be others, and it knows no session of this one. */
  const isAnother = async () => {
    const answer = await send(new URL("gradio_api/app_id", document.baseURI), { signal: AbortSignal.timeout(PATIENCE_MS) });
    return !answer.ok || (await answer.json()).app_id !== window.gradio_config.app_id;
  };
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await send(new URL("healthz", document.baseURI), { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
      const said = await answer.text();
      if (!answer.ok) throw new Error(said); /* a proxy's, whose server is gone */
      if (root.classList.contains("cai-lost") && await isAnother()) return location.reload();
      say(false);
      late = 0;
    } catch (lost) {
      /* slow is not gone: a server that only answers late is asked once more */
      late += lost.name === "TimeoutError" ? 1 : 2;
      if (late > 1) say(true);
    }
  };
  /* A server that was begun anew has the page loaded again. What stood in text fields comes back where they are
     empty then; drafts that the server keeps are there already. */
  const KEPT = "cai-typed";
  const typed = () => [...document.querySelectorAll("#tabs [id] textarea")].map((field) => [field.closest("[id]:not([id^=component-])")?.id, field.value]);
  const bring = (kept) => {
    for (const [id, text] of kept) {
      const field = document.querySelector(`#${CSS.escape(id)} textarea`);
      if (field && !field.value) window.caiTell(id, text);
    }
  };
  addEventListener("pagehide", () => {
    const kept = typed().filter(([id, text]) => id && text);
    if (gone) sessionStorage.setItem(KEPT, JSON.stringify(kept));
  });
  const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
  sessionStorage.removeItem(KEPT);
  if (kept) {
    const wait = setInterval(() => {
      if (!root.classList.contains("cai-ready")) return;
      clearInterval(wait);
      setTimeout(() => bring(kept), 500);
    }, 200);
  }

  addEventListener("offline", () => say(true));
  addEventListener("online", ask);
  document.addEventListener("visibilitychange", ask);
  setInterval(ask, EVERY_MS);
})();
