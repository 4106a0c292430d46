/* Brings what a press brought about before the eye, where it is not there already; `kit/sight.py` says after which
   events. Nothing moves while its beginning can be seen. */
(() => {
  const MARGIN = 12;

  window.caiSee = (id) =>
    requestAnimationFrame(() => {
      const box = document.getElementById(id);
      if (!box || box.offsetParent === null) return;
      const { top, bottom } = box.getBoundingClientRect();
      /* the bar of Curate stays over what scrolls */
      const bar = document.getElementById("curate-bar");
      const over = bar && bar.offsetParent !== null && !bar.contains(box) ? bar.offsetHeight : 0;
      const seen = top >= over && (bottom <= innerHeight || top <= innerHeight - 160);
      if (!seen) scrollTo({ top: scrollY + top - over - MARGIN, behavior: "instant" });
    });
})();
