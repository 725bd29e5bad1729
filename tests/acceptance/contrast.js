// Every piece of text in sight whose computed colours differ too little: "1.2 …" each.
(least) => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const parsed = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return { rgb: [red, green, blue], alpha: alpha / 255 };
  };
  const over = ({ rgb, alpha }, below) => rgb.map((value, i) => value * alpha + below[i] * (1 - alpha));
  const ancestors = function* (it) {
    for (; it; it = it.parentElement) yield it;
  };
  const behind = (it) => {
    const layers = [];
    for (const one of ancestors(it)) {
      const layer = parsed(getComputedStyle(one).backgroundColor);
      layers.unshift(layer);
      if (layer.alpha === 1) break;
    }
    return layers.reduce((below, layer) => over(layer, below), parsed("Canvas").rgb);
  };
  const opacity = (it) => [...ancestors(it)].reduce((all, one) => all * getComputedStyle(one).opacity, 1);
  const light = (rgb) => {
    const [red, green, blue] = rgb.map((value) => value / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratio = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const texts = (it) => {
    if (it.matches("input, textarea")) {
      if (it.matches(":placeholder-shown")) return [it.placeholder, getComputedStyle(it, "::placeholder").color];
      return it.matches("[type=radio], [type=checkbox], [type=hidden], [type=file]") ? [""] : [it.value, getComputedStyle(it).color];
    }
    const own = [...it.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE);
    return [own.map(({ data }) => data).join("").trim(), getComputedStyle(it).color];
  };
  const bad = [];
  let seen = 0;
  for (const it of document.body.querySelectorAll("*")) {
    if (it.matches("script, style, template, noscript, svg *") || !it.checkVisibility({ visibilityProperty: true })) continue;
    const [text, color] = texts(it);
    const shown = opacity(it);
    if (!text || shown === 0) continue;
    seen += 1;
    const ground = behind(it);
    const { rgb, alpha } = parsed(color);
    const found = ratio(over({ rgb, alpha: alpha * shown }, ground), ground);
    if (found < least) bad.push(`${found.toFixed(2)} ${text.slice(0, 40)}`);
  }
  return { seen, bad };
}
