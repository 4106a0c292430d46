/* What may be pressed again before it is answered (`EACH`: judging, voting, grading, Undo) is sent one after the other: a
   server may answer two requests in any order, and each press goes on from where the one before it led. */
(() => {
  const send = window.fetch;
  let answered = Promise.resolve();

  const isEach = (request) => {
    const number = /"fn_index":(\d+)/.exec(String(request[1]?.body))?.[1];
    return window.gradio_config?.dependencies.find((one) => one.id === Number(number))?.trigger_mode === "multiple";
  };
  window.fetch = (...request) => {
    if (!String(request[0]).includes("/gradio_api/run/") || !isEach(request)) return send(...request);
    const answer = answered.then(() => send(...request));
    answered = answer.catch(() => {});
    return answer;
  };
})();
