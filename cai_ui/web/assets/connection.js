/* Says when the server is gone, and when it is there again. One small stream is held open for it while the page is
   looked at; a hidden tab gives it up, since a browser has six connections for all tabs of a server. */
(() => {
  const AWAY_MS = 10000;
  const LOST = "The connection to the server is lost. What you typed is kept here; the page goes on by itself once the server is back.";
  const root = document.documentElement;
  let stream = null, timer = 0;

  const say = (lost) => {
    root.classList.toggle("cai-lost", lost);
    let box = document.getElementById("cai-lost");
    if (!box && lost) {
      box = Object.assign(document.createElement("div"), { id: "cai-lost", className: "cai-notice cai-notice-bad" });
      box.setAttribute("role", "alert");
      (document.querySelector(".gradio-container") || document.body).append(box);
    }
    if (box) box.textContent = lost ? LOST : "";
  };
  const open = () => {
    clearTimeout(timer);
    if (stream || document.hidden) return;
    stream = new EventSource(new URL(`gradio_api/heartbeat/seen-${crypto.getRandomValues(new Uint32Array(1))[0]}`, document.baseURI));
    stream.onopen = () => say(false);
    stream.onerror = () => {
      say(true);
      close();
      timer = setTimeout(open, 2000);
    };
  };
  const close = () => {
    stream?.close();
    stream = null;
  };
  addEventListener("offline", () => say(true));
  addEventListener("online", () => { close(); open(); });
  addEventListener("pagehide", close);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(close, AWAY_MS);
    else open();
  });
  open();
})();
