/* Says when the server is gone or the login has ended, and when it is there again. It is asked for a sign of life while
   the page is looked at; no connection is held open for that, since a browser has six for all tabs of a server. */
(() => {
  const EVERY_MS = 3000, PATIENCE_MS = 2000;
  const LOST = "The connection to the server is lost. What you typed is kept here; the page goes on by itself once the server is back.";
  const SIGN_IN = "Sign in";
  const root = document.documentElement;
  const send = window.fetch.bind(window);
  const ask_for = (path) => send(new URL(path, document.baseURI), { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  let late = 0, state = "", alive = Date.now(); /* the last sign of life before it was gone */

  const say = (now, sentence = "") => {
    if (now) window.caiKept.lost();
    if (now === state) return;
    const back = state && !now;
    state = now;
    for (const one of ["lost", "out"]) root.classList.toggle(`cai-${one}`, one === now);
    let box = document.getElementById("cai-lost");
    if (!box) {
      box = Object.assign(document.createElement("div"), { id: "cai-lost", className: "cai-notice cai-notice-bad" });
      box.setAttribute("role", "alert");
      (document.querySelector(".gradio-container") || document.body).append(box);
    }
    box.textContent = sentence;
    /* The address without the path is the login for whoever is signed out. */
    if (now === "out") box.append(" ", Object.assign(document.createElement("a"), { href: "./", target: "_blank", textContent: SIGN_IN }));
    if (back) window.caiKept.back(alive);
  };
  window.caiOut = (sentence) => say("out", sentence);
  /* Its pages may be others, and it knows no session of this one. */
  const isAnother = async () => {
    const answer = await ask_for("gradio_api/app_id");
    return !answer.ok || (await answer.json()).app_id !== window.gradio_config.app_id;
  };
  const ask = async () => {
    if (document.hidden) return;
    const asked = Date.now();
    try {
      const answer = await ask_for("healthz");
      const said = await answer.text();
      if (!answer.ok) throw new Error(said); /* a proxy's, whose server is gone */
      late = 0;
      if (state && await isAnother()) return location.reload();
      if (state === "out" && !(await ask_for("gradio_api/login_check")).ok) return;
      say("");
      alive = asked;
    } catch (lost) {
      /* slow is not gone: a server that only answers late is asked once more */
      late += lost.name === "TimeoutError" ? 1 : 2;
      if (late > 1) say("lost", LOST);
    }
  };

  addEventListener("offline", () => say("lost", LOST));
  addEventListener("online", ask);
  document.addEventListener("visibilitychange", ask);
  setInterval(ask, EVERY_MS);
})();
