/* Gradio 6 shows no error of an event that goes past its queue (`queue=False`): the answer has the sentence, but the
   page drops it. So those answers are read here, and the sentence is shown in a box of our own; as are those of events
   that never came into the queue because the server was gone or the login had ended. */
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

  const isJson = (answer) => /json/.test(answer.headers.get("content-type"));
  /* What an answer says: of a refusal that comes before Gradio is asked, its text; of a proxy's page nothing. */
  const said = async (answer) => {
    const text = await answer.clone().text();
    if (isJson(answer)) return plain(JSON.parse(text).error || AWAY);
    return answer.status < 500 && /^text\/plain/.test(answer.headers.get("content-type")) ? text : AWAY;
  };
  /* A timer's: nobody pressed anything, and the next one comes by itself. */
  const isLook = (request) => {
    const number = /"fn_index":(\d+)/.exec(String(request[1]?.body))?.[1];
    const event = window.gradio_config?.dependencies.find((one) => one.id === Number(number));
    return event?.targets.some(([, name]) => name === "tick");
  };

  window.fetch = async (...request) => {
    const address = String(request[0] instanceof Request ? request[0].url : request[0]);
    const runs = address.includes("/gradio_api/run/");
    if (!runs && !address.includes("/gradio_api/queue/join")) return send(...request);
    const answer = await send(...request).catch(() => null);
    if (answer?.ok) return answer;
    const sentence = answer ? await said(answer).catch(() => AWAY) : AWAY;
    const isOut = answer?.status === 401, isLost = !answer || isOut;
    if (runs) window.caiLost();
    if (isOut) window.caiOut(sentence);
    if (runs || (isLost && !isLook(request))) show(sentence);
    /* As an answer, so that Gradio does not take one that is lost for a lost server and load the page again, under the
       hands of whoever presses or types meanwhile. Whether the server is gone, connection.js asks. Of an event in its
       queue Gradio would say so itself, each time that a timer looks; one of which no value is wrong ends quietly. */
    if (!runs && (isLost || isLook(request))) return Response.json({ detail: [] }, { status: 422 });
    if (answer && isJson(answer)) return answer;
    return Response.json({ error: sentence, detail: sentence }, { status: answer?.status ?? 503 });
  };
})();
