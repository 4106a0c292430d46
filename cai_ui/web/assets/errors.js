/* Gradio 6 shows no error of an event that goes past its queue (`queue=False`): the answer has the sentence, but the
   page drops it. So those answers are read here, and the sentence is shown in a box of our own. */
(() => {
  const SHOWN_MS = 20000;
  const AWAY = "The server did not answer; whether it has saved this is not known. What you typed is still there. Look, and try again in a moment.";
  const send = window.fetch;
  let timer = 0;

  const box = () => {
    const known = document.getElementById("cai-error");
    if (known) return known;
    const made = document.createElement("div");
    made.id = "cai-error";
    made.className = "cai-notice cai-notice-bad";
    made.setAttribute("role", "alert");
    const words = document.createElement("p");
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "Close";
    close.addEventListener("click", hide);
    made.append(words, close);
    (document.querySelector(".gradio-container") || document.body).append(made);
    return made;
  };
  const hide = () => box().classList.remove("cai-shown");
  const show = (sentence) => {
    const here = box();
    here.firstChild.textContent = sentence;
    here.classList.add("cai-shown");
    clearTimeout(timer);
    timer = setTimeout(hide, SHOWN_MS);
  };
  /* The sentence is escaped for HTML; as text it is read without running anything. */
  const plain = (html) => new DOMParser().parseFromString(html, "text/html").documentElement.textContent;

  window.fetch = async (...request) => {
    const address = String(request[0] instanceof Request ? request[0].url : request[0]);
    if (!address.includes("/gradio_api/run/")) return send(...request);
    try {
      const answer = await send(...request);
      if (!answer.ok) window.caiLost();
      if (!answer.ok) answer.clone().json().then((said) => show(plain(said.error || AWAY)), () => show(AWAY));
      return answer;
    } catch {
      /* As an answer, so that Gradio does not take one that is lost for a lost server and load the page again, under the
         hands of whoever presses or types meanwhile. Whether the server is gone, connection.js asks. */
      window.caiLost();
      show(AWAY);
      return Response.json({ error: AWAY }, { status: 503 });
    }
  };
})();
