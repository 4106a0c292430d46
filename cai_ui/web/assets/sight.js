/* Brings what a press brought about before the eye, where it is not there already; `kit/sight.py` says after which
   events. Nothing moves while its beginning can be seen. */
(() => {
  const MARGIN = 12;

  window.caiSee = (id) =>
    requestAnimationFrame(() => {
      const box = document.getElementById(id);
      if (!box || box.offsetParent === null) return;
      const { top, bottom } = box.getBoundingClientRect();
      const seen = top >= 0 && (bottom <= innerHeight || top <= innerHeight - 160);
      if (!seen) scrollTo({ top: scrollY + top - MARGIN, behavior: "instant" });
    });
})();
