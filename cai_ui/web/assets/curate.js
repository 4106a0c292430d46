/* Curate: the blur over sensitive texts, the list of keys. */
(() => {
  const KEY = "cai-blur";
  const show = () => document.documentElement.classList.toggle("cai-blurred", localStorage.getItem(KEY) === "on");
  window.caiBlur = () => {
    localStorage.setItem(KEY, localStorage.getItem(KEY) === "on" ? "off" : "on");
    show();
  };
  show();

  window.caiKeyList = () => {
    const list = document.getElementById("curate-key-list");
    if (list) list.open = !list.open;
  };
})();
